import { queryOptions } from "@tanstack/react-query";
import { api, body } from "../api/client";

/** Campaign parameters, as addresses have them behind `utm_`. */
export const UTM = ["source", "medium", "campaign", "term", "content"] as const;
export type UtmField = (typeof UTM)[number];

export const templatesQuery = (workspace_id: string) =>
  queryOptions({
    queryKey: ["templates", workspace_id],
    queryFn: () =>
      body(
        api.GET("/v1/workspaces/{workspace_id}/utm-templates", {
          params: { path: { workspace_id }, query: { limit: 100 } },
        }),
      ),
  });
