import { setToken } from "./client";
import { Problem } from "./problem";
import type { Person, Workspace } from "./types";

/** What every page needs before anything else. */
export interface Boot {
  user: Person | null;
  session_id: string | null;
  csrf_token: string | null;
  workspaces: Workspace[] | null;
  providers: { name: string; title?: string }[] | null;
  is_set_up: boolean;
  version: string;
}

/** Who asks. The page preloads this very request, so that it is asked once. */
export async function fetchBoot(): Promise<Boot> {
  const response = await fetch("/bff/boot", { credentials: "same-origin", mode: "cors" });
  if (!response.ok) throw new Problem(response.status, await response.json().catch(() => undefined));
  const boot = (await response.json()) as Boot;
  setToken(boot.csrf_token);
  return boot;
}
