import { queryOptions, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { bootQuery } from "../../api/boot";
import { api, body } from "../../api/client";
import { problemOf } from "../../api/problem";
import type { Workspace } from "../../api/types";
import { t } from "../../i18n";
import "../../i18n/late";
import { say } from "../../lib/toasts";

/** Workspaces that are deleted and not gone yet. */
export const deletedQuery = queryOptions({
  queryKey: ["deleted-workspaces"],
  queryFn: () => body(api.GET("/v1/workspaces", { params: { query: { deleted: true, limit: 100 } } })),
});

/** Brings a deleted workspace back, and goes there. */
export function useBringingBack() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  return async ({ id, name }: Workspace) => {
    try {
      const params = { path: { workspace_id: id } };
      const { slug } = await body(api.POST("/v1/workspaces/{workspace_id}/undelete", { params }));
      await queries.fetchQuery({ ...bootQuery, staleTime: 0 });
      // What was refused while it was deleted is asked for anew.
      await queries.invalidateQueries();
      say(t("ending.isBack", { name }));
      await navigate({ to: "/w/$workspace/links", params: { workspace: slug } });
    } catch (error) {
      say(problemOf(error).message);
      await queries.invalidateQueries({ queryKey: deletedQuery.queryKey });
    }
  };
}
