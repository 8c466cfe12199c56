/**
 * Runs something while the page is seen, and tells it to stop while it is not: a browser has six connections to a server, and a page that
 * nobody sees leaves its own to others.
 */
export function whileSeen(run: (signal: AbortSignal) => unknown): () => void {
  let stop = new AbortController();
  const onVisibility = () => {
    stop.abort();
    stop = new AbortController();
    if (document.visibilityState === "visible") run(stop.signal);
  };
  onVisibility();
  document.addEventListener("visibilitychange", onVisibility);
  return () => {
    document.removeEventListener("visibilitychange", onVisibility);
    stop.abort();
  };
}

/** Waits so many milliseconds, or until it is told to stop. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = window.setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      window.clearTimeout(timer);
      resolve();
    });
  });
}
