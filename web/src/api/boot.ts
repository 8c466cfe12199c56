import { queryOptions, useQuery } from "@tanstack/react-query";
import { useToken } from "./client";
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

export const bootQuery = queryOptions({
  queryKey: ["boot"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async (): Promise<Boot> => {
    // The page preloads this very request, so that it is asked once.
    const response = await fetch("/bff/boot", { credentials: "same-origin", mode: "cors" });
    if (!response.ok) throw new Problem(response.status, await response.json().catch(() => undefined));
    const boot = (await response.json()) as Boot;
    useToken(boot.csrf_token);
    return boot;
  },
});

export function useBoot(): Boot | undefined {
  return useQuery(bootQuery).data;
}
