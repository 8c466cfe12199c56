import { queryOptions, useQuery } from "@tanstack/react-query";
import { useBoot } from "../api/boot";
import { api, body } from "../api/client";
import type { ChangeRequest } from "../api/types";
import { useQuiet } from "./quiet";
import { homeQuery } from "./workspace";

type State = ChangeRequest["state"];

/** Changes of links that somebody asks for, newest first: of a workspace, or of one link. */
export const requestsQuery = (workspace_id: string, filter: { state?: State; link_id?: string }) =>
  queryOptions({
    queryKey: ["change-requests", workspace_id, filter],
    queryFn: () =>
      body(
        api.GET("/v1/workspaces/{workspace_id}/change-requests", {
          params: { path: { workspace_id }, query: { ...filter, limit: 100 } },
        }),
      ),
  });

/** How many changes wait for whoever looks: those that others ask for, where the role may approve. */
export function useWaitingForMe(workspace: string): number {
  const me = useBoot()?.user?.id;
  const role = useQuery(homeQuery(workspace)).data?.parts.membership?.body?.role;
  const mayApprove = role === "owner" || role === "admin" || role === "editor";
  const enabled = useQuiet(mayApprove);
  const requests = useQuery({ ...requestsQuery(workspace, { state: "pending" }), enabled });
  return requests.data?.data.filter((request) => request.author !== me).length ?? 0;
}
