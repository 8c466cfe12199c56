import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api, body } from "../../api/client";
import { problemOf } from "../../api/problem";
import type { Link } from "../../api/types";
import { Button } from "../../design/Button";
import { Failure } from "../../design/Failure";
import { t } from "../../i18n";
import { dateTime, relative } from "../../lib/format";
import { say } from "../../lib/toasts";
import { useWorkspace } from "../../lib/workspace";
import { written } from "../../lib/written";

/** What the link was before, and the way back. */
export function History({ link, canEdit }: { link: Link; canEdit: boolean }) {
  const workspace = useWorkspace().id;
  const queries = useQueryClient();
  const path = { workspace_id: workspace, link_id: link.id };
  const query = useQuery({
    queryKey: ["history", workspace, link.id],
    queryFn: () =>
      body(
        api.GET("/v1/workspaces/{workspace_id}/links/{link_id}/history", { params: { path, query: { limit: 20 } } }),
      ),
  });
  const revert = async (version: number) => {
    try {
      await body(
        api.POST("/v1/workspaces/{workspace_id}/links/{link_id}/revert", { params: { path }, body: { version } }),
      );
      say(t("history.reverted"));
      await queries.invalidateQueries();
    } catch (error) {
      say(problemOf(error).message);
    }
  };
  const versions = query.data?.data ?? [];
  return (
    <section className="sheet pad stack-s history" aria-label={t("history.title")}>
      <h2>{t("history.title")}</h2>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && versions.length < 2 && (
        <p className="muted">{t("history.never", { when: dateTime(link.created_at) })}</p>
      )}
      {versions.length > 1 && (
        <ol className="stack-s">
          {versions.map((version) => (
            <li key={version.version} className="row apart">
              <div className="grow">
                <span>
                  {t(`history.${version.action}`)}{" "}
                  <span className="muted small" title={dateTime(version.created_at)}>
                    {relative(version.created_at)}
                  </span>
                </span>
                {(version.changes ?? []).map((change) => (
                  <div key={change.field} className="small">
                    <b>{change.field}</b> <del className="muted">{written(change.before)}</del> →{" "}
                    {written(change.after)}
                  </div>
                ))}
              </div>
              {canEdit && version.version !== link.version && (
                <Button onClick={() => revert(version.version)}>{t("history.revert")}</Button>
              )}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
