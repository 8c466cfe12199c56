import type { QueryClient } from "@tanstack/react-query";
import { bootQuery } from "../../api/boot";
import type { Workspace } from "../../api/types";

/** Has every form of a workspace go on from what it is now, before all else is read again. */
export async function keepWorkspace(queries: QueryClient, now: Workspace): Promise<void> {
  queries.setQueryData(bootQuery.queryKey, (boot) => {
    const workspaces = boot?.workspaces?.map((workspace) =>
      workspace.id === now.id ? { ...workspace, ...now } : workspace,
    );
    return boot && { ...boot, workspaces: workspaces ?? null };
  });
  await queries.fetchQuery({ ...bootQuery, staleTime: 0 });
}
