import { keepPreviousData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { api, body } from "../../api/client";
import { problemOf } from "../../api/problem";
import type { Job } from "../../api/types";
import { Button } from "../../design/Button";
import { Failure, Skeleton } from "../../design/Failure";
import { Choice } from "../../design/Field";
import { t } from "../../i18n";
import { dateTime, number, relative } from "../../lib/format";
import { say } from "../../lib/toasts";
import { AdminFrame } from "./AdminFrame";

const STATES = ["ready", "running", "done", "dead"] as const;

export default function JobsPage() {
  return (
    <AdminFrame title={t("admin.jobs")}>
      <Jobs />
    </AdminFrame>
  );
}

function Jobs() {
  const { state } = useSearch({ from: "/signed-in/admin/jobs" });
  const navigate = useNavigate({ from: "/admin/jobs" });
  const query = useInfiniteQuery({
    queryKey: ["admin-jobs", state],
    placeholderData: keepPreviousData,
    initialPageParam: "",
    queryFn: ({ pageParam }) => {
      const asked = { limit: 50, ...(pageParam ? { cursor: pageParam } : {}), ...(state ? { state } : {}) };
      return body(api.GET("/v1/admin/jobs", { params: { query: asked } }));
    },
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const jobs = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <div className="stack">
      <div className="narrow">
        <Choice
          label={t("links.state")}
          value={state ?? ""}
          onValue={(next) => {
            const chosen = STATES.find((known) => known === next);
            void navigate({ search: chosen ? { state: chosen } : {} });
          }}
          options={[["", t("admin.all")], ...STATES.map((name): [string, string] => [name, t(`job.${name}`)])]}
        />
      </div>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton count={4} />}
      {query.data && jobs.length === 0 && <p className="muted">{t("admin.noJobs")}</p>}
      <ul className="stack-s">
        {jobs.map((job) => (
          <Row key={job.id} job={job} />
        ))}
      </ul>
      {query.hasNextPage && (
        <div className="row">
          <Button onClick={() => void query.fetchNextPage()}>{t("common.more")}</Button>
        </div>
      )}
    </div>
  );
}

function Row({ job }: { job: Job }) {
  const queries = useQueryClient();
  const params = { path: { job_id: job.id } };
  const attempt = async (text: string, request: Promise<unknown>) => {
    try {
      await request;
      say(text);
    } catch (error) {
      say(problemOf(error).message);
    }
    await queries.invalidateQueries({ queryKey: ["admin-jobs"] });
  };
  return (
    <li className="sheet pad">
      <details>
        <summary className="row">
          <strong className="mono">{job.kind}</strong>
          <span className="badge" data-look={job.state === "dead" ? "bad" : undefined}>
            {t(`job.${job.state}`)}
          </span>
          <span className="grow" />
          <time className="small muted" dateTime={job.run_at} title={dateTime(job.run_at)}>
            {relative(job.run_at)}
          </time>
        </summary>
        <div className="stack-s section">
          <span className="small">
            {t("admin.attempts", { done: number(job.attempts), most: number(job.max_attempts) })}{" "}
            <code className="muted">{job.id}</code>
          </span>
          {job.last_error && (
            <p className="note" data-look="bad">
              {job.last_error}
            </p>
          )}
          <pre className="code">{JSON.stringify(job.payload, null, 2)}</pre>
          {job.state === "dead" && (
            <div className="row">
              <Button
                onClick={() => attempt(t("admin.retried"), body(api.POST("/v1/admin/jobs/{job_id}/retry", { params })))}
              >
                {t("common.retry")}
              </Button>
              <Button
                look="bad"
                onClick={() =>
                  attempt(t("admin.discarded"), body(api.POST("/v1/admin/jobs/{job_id}/discard", { params })))
                }
              >
                {t("admin.discard")}
              </Button>
            </div>
          )}
        </div>
      </details>
    </li>
  );
}
