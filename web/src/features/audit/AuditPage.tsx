import { useInfiniteQuery } from "@tanstack/react-query";
import { api, body } from "../../api/client";
import { Button } from "../../design/Button";
import { Failure, Skeleton } from "../../design/Failure";
import { t } from "../../i18n";
import { dateTime } from "../../lib/format";
import { useTitle } from "../../lib/title";
import { useWorkspace } from "../../lib/workspace";

type Row = Record<string, unknown> | null | undefined;

/** The fields that differ, with what they were and what they are. */
function differences(before: Row, after: Row): [string, unknown, unknown][] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const found = names.map((name): [string, unknown, unknown] => [name, before?.[name], after?.[name]]);
  return found.filter(
    ([name, old, now]) => JSON.stringify(old) !== JSON.stringify(now) && name !== "version" && name !== "updated_at",
  );
}

const written = (value: unknown) =>
  value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value);

export default function AuditPage() {
  const workspace = useWorkspace();
  const path = { workspace_id: workspace.id };
  useTitle(t("nav.audit"), workspace.name);
  const query = useInfiniteQuery({
    queryKey: ["audit", workspace.id],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => {
      const asked = { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) };
      return body(api.GET("/v1/workspaces/{workspace_id}/audit-events", { params: { path, query: asked } }));
    },
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const events = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.audit")}</h1>
        <a className="button" href={`/v1/workspaces/${workspace.id}/audit-events/export?format=ndjson`} download>
          {t("audit.export")}
        </a>
      </div>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton count={6} />}
      <ul className="stack-s">
        {events.map((event) => {
          const changed = differences(event.before as Row, event.after as Row);
          return (
            <li key={event.id} className="sheet pad">
              <details>
                <summary className="row">
                  <strong>{event.action}</strong>
                  <code className="small cut">{event.target}</code>
                  <span className="grow" />
                  <time className="small muted" dateTime={event.at}>
                    {dateTime(event.at)}
                  </time>
                </summary>
                <div className="stack-s section">
                  <span className="small">
                    {t("audit.by", { actor: event.actor })} {event.address && <code>{event.address}</code>}{" "}
                    <code className="muted">{event.request_id}</code>
                  </span>
                  {changed.map(([name, old, now]) => (
                    <div key={name} className="small">
                      <b>{name}</b> <del className="muted">{written(old)}</del> → {written(now)}
                    </div>
                  ))}
                </div>
              </details>
            </li>
          );
        })}
      </ul>
      {query.hasNextPage && (
        <div className="row section">
          <Button onClick={() => void query.fetchNextPage()} disabled={query.isFetchingNextPage}>
            {t("common.more")}
          </Button>
        </div>
      )}
    </>
  );
}
