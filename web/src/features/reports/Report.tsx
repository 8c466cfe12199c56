import { useState } from "react";
import { api, body } from "../../api/client";
import { problemOf } from "../../api/problem";
import type { ReportDelivery, ReportSchedule } from "../../api/types";
import { Button } from "../../design/Button";
import { t } from "../../i18n";
import "../../i18n/late";
import { FiltersSaid } from "../../lib/FiltersSaid";
import { dateTime } from "../../lib/format";
import { useMembers } from "../../lib/people";
import { say } from "../../lib/toasts";
import { useHome, useWorkspace } from "../../lib/workspace";

interface Properties {
  report: ReportSchedule;
  canEdit: boolean;
  refetch: () => void;
  onDo: (what: "edit" | "remove") => void;
}

/** A report: when it comes, to whom, what it is about, and what came of its last message. */
export function Report({ report, canEdit, refetch, onDo }: Properties) {
  const folder = useHome()?.folders.body?.data.find(({ id }) => id === report.folder_id);
  return (
    <li className="sheet pad row apart">
      <div className="facts stack-s">
        <div className="row">
          <strong>{report.name}</strong>
          <span className="badge">{t(`reports.${report.every}`)}</span>
          {report.paused && (
            <span className="badge" data-look="warn">
              {t("reports.rests")}
            </span>
          )}
        </div>
        <FiltersSaid filters={report.filters} />
        {report.folder_id && (
          <span className="small">
            {t("reports.folder")} {folder?.name ?? report.folder_id}
          </span>
        )}
        {report.webhook_url ? <code className="small anywhere">{report.webhook_url}</code> : <People report={report} />}
        {!report.paused && (
          <span className="small muted">
            {t("reports.next", { when: dateTime(report.next_at, report.time_zone), zone: report.time_zone })}
          </span>
        )}
        {report.webhook_url && <Delivery delivery={report.last_delivery ?? undefined} />}
      </div>
      {canEdit && <Actions report={report} refetch={refetch} onDo={onDo} />}
    </li>
  );
}

function People({ report }: { report: ReportSchedule }) {
  const members = useMembers();
  const names = report.recipients.map((id) => {
    const member = members.find((one) => one.user_id === id);
    return member ? member.name || member.email : t("reports.noMember");
  });
  return <span className="small">{names.join(", ")}</span>;
}

const LOOKS = { delivered: "good", retrying: "warn", failed: "bad" } as const;

function Delivery({ delivery }: { delivery: ReportDelivery | undefined }) {
  if (!delivery) return <span className="small muted">{t("reports.never")}</span>;
  const facts = [
    delivery.status != null && t("reports.answered", { status: delivery.status }),
    t("reports.attempts", { count: delivery.attempts }),
    dateTime(delivery.attempted_at),
  ];
  return (
    <div className="stack-s small" role="group" aria-label={t("reports.last")}>
      <div className="row">
        <span className="muted">{t("reports.last")}</span>
        <span className="badge" data-look={LOOKS[delivery.state]}>
          {t(`reports.${delivery.state}`)}
        </span>
        <span className="muted">{facts.filter(Boolean).join(" · ")}</span>
      </div>
      {delivery.error && <span className="bad anywhere">{delivery.error}</span>}
    </div>
  );
}

function Actions({ report, refetch, onDo }: Omit<Properties, "canEdit">) {
  const path = { workspace_id: useWorkspace().id, report_schedule_id: report.id };
  const [busy, setBusy] = useState(false);
  const attempt = async (request: () => Promise<unknown>, done: () => void) => {
    setBusy(true);
    try {
      await request();
      done();
    } catch (error) {
      say(problemOf(error).message);
    } finally {
      setBusy(false);
    }
    refetch();
  };
  const pause = (paused: boolean): Promise<void> => {
    const change = { params: { path }, body: { paused } };
    const said = t(paused ? "reports.paused" : "reports.resumed", { name: report.name });
    return attempt(
      () => body(api.PATCH("/v1/workspaces/{workspace_id}/report-schedules/{report_schedule_id}", change)),
      () => say(said, () => void pause(!paused)),
    );
  };
  const send = () =>
    attempt(
      () =>
        body(
          api.POST("/v1/workspaces/{workspace_id}/report-schedules/{report_schedule_id}/test", { params: { path } }),
        ),
      () => say(t(report.webhook_url ? "reports.onItsWayThere" : "reports.onItsWay")),
    );
  return (
    <div className="row">
      <Button onClick={() => onDo("edit")}>{t("links.edit")}</Button>
      <Button disabled={busy} onClick={() => send()}>
        {t("reports.send")}
      </Button>
      <Button disabled={busy} onClick={() => pause(!report.paused)}>
        {t(report.paused ? "reports.resume" : "reports.pause")}
      </Button>
      <Button look="bad" onClick={() => onDo("remove")}>
        {t("common.removeIt")}
      </Button>
    </div>
  );
}
