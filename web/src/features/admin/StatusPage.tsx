import { useQuery } from "@tanstack/react-query";
import { bff } from "../../api/client";
import { Failure, Skeleton } from "../../design/Failure";
import { t } from "../../i18n";
import { dateTime, relative } from "../../lib/format";
import { AdminFrame } from "./AdminFrame";

type Condition = "up" | "degraded" | "down";

interface Status {
  version: string;
  roles: string;
  started_at: string;
  readiness: { status: "ready" | "not_ready"; checks: Record<string, Condition> };
}

/** How often it is looked, while the page is seen. */
const EVERY = 5_000;
const LOOKS: Record<Condition, string> = { up: "good", degraded: "warn", down: "bad" };
/** The worst first. */
const ORDER: Condition[] = ["down", "degraded", "up"];

export default function StatusPage() {
  return (
    <AdminFrame title={t("admin.status")}>
      <Process />
    </AdminFrame>
  );
}

/** The process that serves this page, and what it depends on. */
function Process() {
  const query = useQuery({
    queryKey: ["admin-status"],
    refetchInterval: EVERY,
    staleTime: 0,
    retry: false,
    queryFn: () => bff<Status>("/bff/status"),
  });
  const status = query.data;
  const checks = Object.entries(status?.readiness.checks ?? {}).sort(
    ([, one], [, other]) => ORDER.indexOf(one) - ORDER.indexOf(other),
  );
  return (
    <div className="stack">
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton count={4} />}
      {status && (
        <>
          <section className="sheet pad stack-s" aria-label={t("admin.process")}>
            <div className="row">
              <strong>{t(`admin.${status.readiness.status}`)}</strong>
              <span className="muted">{t("admin.version", { version: status.version })}</span>
            </div>
            <span className="small muted">
              {t("admin.roles", { roles: status.roles })} ·{" "}
              <time dateTime={status.started_at} title={dateTime(status.started_at)}>
                {t("admin.started", { when: relative(status.started_at) })}
              </time>
            </span>
          </section>
          <section className="sheet pad stack-s" aria-label={t("admin.depends")}>
            <h2>{t("admin.depends")}</h2>
            <ul className="stack-s">
              {checks.map(([name, condition]) => (
                <li key={name} className="row apart">
                  <span className="mono">{name}</span>
                  <span className="badge" data-look={LOOKS[condition]}>
                    {t(`dependency.${condition}`)}
                  </span>
                </li>
              ))}
            </ul>
          </section>
          <p className="small muted">{t("admin.others")}</p>
        </>
      )}
    </div>
  );
}
