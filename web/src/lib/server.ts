import { useSyncExternalStore } from "react";
import { problemOf } from "../api/problem";
import { type Boot, fetchBoot } from "../api/session";

/** How things are between the page and its server. */
interface Standing {
  /** It does not answer, or answers that it cannot. */
  away: boolean;
  /** It has the files of another version than this page. */
  other: boolean;
}

const FIRST = 1_000;
const MOST = 8_000;
/** How long an answer may take, in milliseconds. */
const PATIENCE = 5_000;

let standing: Standing = { away: false, other: false };
let looking = false;
const listeners = new Set<() => void>();
const onBack = new Set<() => void>();

function change(part: Partial<Standing>): void {
  const next = { ...standing, ...part };
  if (next.away === standing.away && next.other === standing.other) return;
  standing = next;
  for (const listener of listeners) listener();
}

/** The scripts that this page was begun with, as the server writes those of its own page. */
function ownScripts(): string {
  const scripts = document.querySelectorAll<HTMLScriptElement>('script[type=module][src^="/assets/"]');
  return [...scripts].map((script) => script.getAttribute("src")).join(" ");
}

/** Looks whether this page is of the server's version. Where the dashboard is worked on, its scripts come from elsewhere. */
export function compare(boot: Pick<Boot, "scripts">): void {
  const own = ownScripts();
  if (own) change({ other: boot.scripts !== own });
}

/** Says that a script of this page is no longer there. */
export function missScript(): void {
  change({ other: true });
}

async function answers(): Promise<boolean> {
  try {
    compare(await fetchBoot({ cache: "no-store", signal: AbortSignal.timeout(PATIENCE) }));
    return true;
  } catch (error) {
    const { status } = problemOf(error);
    return status > 0 && status < 500;
  }
}

/** Looks whether the server is there, after something that speaks against it; if it is not, until it is. */
export async function lookForServer(): Promise<void> {
  if (looking) return;
  looking = true;
  for (let wait = FIRST; !(await answers()); wait = Math.min(wait * 2, MOST)) {
    change({ away: true });
    await new Promise((resolve) => window.setTimeout(resolve, wait));
  }
  looking = false;
  if (!standing.away) return;
  change({ away: false });
  for (const then of onBack) then();
}

/** Does something each time that the server is back. */
export function whenServerIsBack(then: () => void): () => void {
  onBack.add(then);
  return () => onBack.delete(then);
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function useServer(): Standing {
  return useSyncExternalStore(subscribe, () => standing);
}
