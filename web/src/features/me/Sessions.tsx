import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api, body } from "../../api/client";
import { problemOf } from "../../api/problem";
import { Button } from "../../design/Button";
import { Failure, Skeleton } from "../../design/Failure";
import { t } from "../../i18n";
import { dateTime, relative } from "../../lib/format";
import { say } from "../../lib/toasts";

export function Sessions() {
  const queries = useQueryClient();
  const query = useQuery({
    queryKey: ["sessions"],
    queryFn: () => body(api.GET("/v1/auth/sessions", { params: { query: { limit: 100 } } })),
  });
  const attempt = async (request: Promise<unknown>) => {
    try {
      await request;
    } catch (error) {
      say(problemOf(error).message);
    }
    await queries.invalidateQueries({ queryKey: ["sessions"] });
  };
  const sessions = query.data?.data ?? [];
  return (
    <section className="sheet pad stack narrow" aria-label={t("me.sessions")}>
      <div className="row apart">
        <h2>{t("me.sessions")}</h2>
        {sessions.length > 1 && (
          <Button onClick={() => attempt(body(api.DELETE("/v1/auth/sessions")))}>{t("me.endOthers")}</Button>
        )}
      </div>
      {query.isPending && <Skeleton count={2} />}
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      <ul className="stack-s">
        {sessions.map((session) => (
          <li key={session.id} className="row apart">
            <div className="grow">
              <span>{session.user_agent || t("analytics.unknown")}</span>{" "}
              {session.is_current && <span className="badge">{t("me.thisOne")}</span>}
              <div className="small muted" title={dateTime(session.last_used_at)}>
                {session.address} · {t("me.used", { when: relative(session.last_used_at) })}
              </div>
            </div>
            {!session.is_current && (
              <Button
                onClick={() =>
                  attempt(
                    body(
                      api.DELETE("/v1/auth/sessions/{session_id}", { params: { path: { session_id: session.id } } }),
                    ),
                  )
                }
              >
                {t("me.end")}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
