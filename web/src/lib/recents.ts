/** What was gone to last by the palette: a command by its id, or a link. */
export interface Recent {
  id: string;
  /** Of a link; commands know theirs. */
  label?: string;
  about?: string;
}

const PREFIX = "elido.recent.";
const MOST = 6;

export function recents(workspace: string): Recent[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(PREFIX + workspace) ?? "[]");
    return Array.isArray(found) ? (found as Recent[]).slice(0, MOST) : [];
  } catch {
    return [];
  }
}

/** Puts it first, and forgets what is older than a few others. */
export function remember(workspace: string, recent: Recent): void {
  const others = recents(workspace).filter(({ id }) => id !== recent.id);
  try {
    localStorage.setItem(PREFIX + workspace, JSON.stringify([recent, ...others].slice(0, MOST)));
  } catch {
    // A browser that stores nothing remembers nothing.
  }
}

/** Forgets all of it, when somebody signs out. */
export function forgetRecents(): void {
  for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
}
