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
  open_registration: boolean | null;
  is_set_up: boolean;
  version: string;
  /** The scripts that the server's page begins with. */
  scripts: string;
}

/** Who asks. The page preloads this very request, so that it is asked once. */
export async function fetchBoot(how: RequestInit = {}): Promise<Boot> {
  const response = await fetch("/bff/boot", { credentials: "same-origin", mode: "cors", ...how });
  if (!response.ok) throw new Problem(response.status, await response.json().catch(() => undefined));
  const boot = (await response.json()) as Boot;
  setToken(boot.csrf_token);
  return boot;
}
