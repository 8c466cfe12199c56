import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api, body } from "../../api/client";
import { problemOf } from "../../api/problem";
import type { EventFailure } from "../../api/types";
import { Button } from "../../design/Button";
import { Failure, Skeleton } from "../../design/Failure";
import { t } from "../../i18n";
import { dateTime, number, relative } from "../../lib/format";
import { say } from "../../lib/toasts";
import { AdminFrame } from "./AdminFrame";

export default function EventsPage() {
  return (
    <AdminFrame title={t("admin.events")}>
      <Consumers />
    </AdminFrame>
  );
}

/** What goes on after changes: how far each part of the platform is, and what it could not take. */
function Consumers() {
  const query = useQuery({
    queryKey: ["admin-consumers"],
    queryFn: () => body(api.GET("/v1/admin/event-consumers")),
  });
  const consumers = query.data?.data ?? [];
  return (
    <div className="stack">
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton count={3} />}
      {query.data && consumers.length === 0 && <p className="muted">{t("admin.noConsumers")}</p>}
      {consumers.map((consumer) => (
        <section key={consumer.name} className="sheet pad stack-s" aria-label={consumer.name}>
          <h2 className="mono">{consumer.name}</h2>
          <dl className="row">
            {(
              [
                ["behind", consumer.lag],
                ["waiting", consumer.waiting],
                ["setAside", consumer.set_aside],
              ] as const
            ).map(([name, value]) => (
              <div key={name}>
                <dt className="small muted">{t(`admin.${name}`)}</dt>
                <dd className="figure">{number(value)}</dd>
              </div>
            ))}
          </dl>
          {consumer.set_aside + consumer.waiting > 0 && <Failures consumer={consumer.name} />}
        </section>
      ))}
    </div>
  );
}

function Failures({ consumer }: { consumer: string }) {
  const query = useQuery({
    queryKey: ["admin-failures", consumer],
    queryFn: () =>
      body(
        api.GET("/v1/admin/event-consumers/{consumer}/failures", {
          params: { path: { consumer }, query: { limit: 50 } },
        }),
      ),
  });
  return (
    <>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      <ul className="stack-s">
        {query.data?.data.map((failure) => (
          <Failed key={failure.sequence} failure={failure} />
        ))}
      </ul>
    </>
  );
}

function Failed({ failure }: { failure: EventFailure }) {
  const queries = useQueryClient();
  const params = { path: { consumer: failure.consumer, sequence: failure.sequence } };
  const attempt = async (text: string, request: Promise<unknown>) => {
    try {
      await request;
      say(text);
    } catch (error) {
      say(problemOf(error).message);
    }
    await queries.invalidateQueries({ queryKey: ["admin-failures"] });
    await queries.invalidateQueries({ queryKey: ["admin-consumers"] });
  };
  const retry = () => body(api.POST("/v1/admin/event-consumers/{consumer}/failures/{sequence}/retry", { params }));
  const discard = () => body(api.POST("/v1/admin/event-consumers/{consumer}/failures/{sequence}/discard", { params }));
  return (
    <li className="stack-s">
      <div className="row">
        <strong>{failure.event.type}</strong>
        <code className="small cut">{failure.event.subject}</code>
        <time className="small muted" dateTime={failure.failed_at} title={dateTime(failure.failed_at)}>
          {relative(failure.failed_at)}
        </time>
      </div>
      <p className="note" data-look="bad">
        {failure.last_error}
      </p>
      {failure.state === "set_aside" && (
        <div className="row">
          <Button onClick={() => attempt(t("admin.retried"), retry())}>{t("common.retry")}</Button>
          <Button look="bad" onClick={() => attempt(t("admin.discarded"), discard())}>
            {t("admin.discard")}
          </Button>
        </div>
      )}
    </li>
  );
}
