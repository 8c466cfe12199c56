/**
 * Runs something while the page is seen, and tells it to stop while it is not: a browser has six connections to a server, and a page that
 * nobody sees leaves its own to others.
 */
export function whileSeen(run: (signal: AbortSignal) => void): () => void {
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
