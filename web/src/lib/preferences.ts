import { useSyncExternalStore } from "react";

/** How the dashboard looks and behaves in this browser. */
export interface Preferences {
  theme: "system" | "light" | "dark";
  language: "system" | "en" | "uk" | "de";
  zone: string;
  singleKeys: boolean;
  /** What the list of links shows beside the short link. */
  columns: Column[];
}

export const COLUMNS = ["destination", "tags", "clicks", "lastClick", "created", "updated"] as const;
export type Column = (typeof COLUMNS)[number];

const KEY = "elido.preferences";
const DEFAULT: Preferences = {
  theme: "system",
  language: "system",
  zone: "",
  singleKeys: true,
  columns: ["destination", "tags", "clicks", "created"],
};

function read(): Preferences {
  try {
    return { ...DEFAULT, ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
  } catch {
    return DEFAULT;
  }
}

let current = read();
const listeners = new Set<() => void>();

export function preferences(): Preferences {
  return current;
}

export function setPreferences(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // A browser that stores nothing forgets them with the page.
  }
  applyTheme();
  for (const listener of listeners) listener();
}

export function onPreferences(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(onPreferences, preferences);
}

const darkSystem = typeof window === "undefined" ? undefined : window.matchMedia?.("(prefers-color-scheme: dark)");
const onSystem = (listener: () => void) => {
  darkSystem?.addEventListener("change", listener);
  return () => darkSystem?.removeEventListener("change", listener);
};

/** Whether the page is dark: as it was chosen here, or as the system is now. */
export function useIsDark(): boolean {
  const { theme } = usePreferences();
  const system = useSyncExternalStore(onSystem, () => darkSystem?.matches ?? false);
  return theme === "system" ? system : theme === "dark";
}

export function applyTheme(): void {
  const { theme } = current;
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** The zone that this person reads times in. */
export function myZone(): string {
  return current.zone || Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}
