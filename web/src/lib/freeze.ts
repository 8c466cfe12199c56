import { queryOptions } from "@tanstack/react-query";
import { api, body } from "../api/client";

/** The times of a workspace in which nobody changes links, newest first. */
export const freezeQuery = (workspace_id: string) =>
  queryOptions({
    queryKey: ["freeze-windows", workspace_id],
    queryFn: () =>
      body(
        api.GET("/v1/workspaces/{workspace_id}/freeze-windows", {
          params: { path: { workspace_id }, query: { limit: 100 } },
        }),
      ),
  });
