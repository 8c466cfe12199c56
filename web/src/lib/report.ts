import { bff } from "../api/client";

const REPORTS_MAX = 5;
let reported = 0;

/** Tells this installation, and nobody else, of failures of the page: no address, no names. */
export function reportErrors(): void {
  const report = (error: unknown) => {
    if (!(error instanceof Error) || error.name === "Problem" || reported >= REPORTS_MAX) return;
    reported += 1;
    const route = location.pathname.replace(/\/w\/[^/]+/, "/w/…").replace(/lnk_[0-9a-f]+/, "…");
    const json = { message: error.message, stack: error.stack ?? "", route };
    bff("/bff/client-errors", { method: "POST", json }).catch(() => {});
  };
  window.addEventListener("error", (event) => report(event.error));
  window.addEventListener("unhandledrejection", (event) => report(event.reason));
}
