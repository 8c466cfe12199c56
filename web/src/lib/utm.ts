import { queryOptions } from "@tanstack/react-query";
import { api, body } from "../api/client";
import type { Utm } from "../api/types";

/** Campaign parameters, as addresses have them behind `utm_`. */
export const UTM = ["source", "medium", "campaign", "term", "content"] as const;
export type UtmField = (typeof UTM)[number];

/** All five, without what surrounds them; `null` where there is none. */
export const whole = (utm: Utm): Utm => Object.fromEntries(UTM.map((field) => [field, utm[field]?.trim() || null]));

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
