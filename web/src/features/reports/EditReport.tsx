import { useState } from "react";
import { api, body } from "../../api/client";
import type { ReportSchedule } from "../../api/types";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Failure } from "../../design/Failure";
import { Field } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { useSubmit } from "../../lib/submit";
import { say } from "../../lib/toasts";
import { useWorkspace } from "../../lib/workspace";
import { Recipients, WebhookField } from "./Destination";

interface Properties {
  report: ReportSchedule;
  onClose: () => void;
  refetch: () => Promise<void>;
}

/** Changes what a report is called and where it goes. */
export function EditReport({ report, onClose, refetch }: Properties) {
  const path = { workspace_id: useWorkspace().id, report_schedule_id: report.id };
  const [name, setName] = useState(report.name);
  const [people, setPeople] = useState(report.recipients);
  const [url, setUrl] = useState(report.webhook_url ?? "");
  const byMail = !report.webhook_url;
  const { submit, busy, problem, errors } = useSubmit(async () => {
    const params = { path, header: { "If-Match": `"${report.version}"` } };
    const patch = { name: name.trim(), ...(byMail ? { recipients: people } : { webhook_url: url.trim() }) };
    await body(
      api.PATCH("/v1/workspaces/{workspace_id}/report-schedules/{report_schedule_id}", { params, body: patch }),
    );
    say(t("reports.changed", { name: patch.name }));
    await refetch();
    onClose();
  });
  return (
    <Dialog open onClose={onClose} title={report.name} wide>
      <form className="stack" onSubmit={submit}>
        {problem && errors.size === 0 && <Failure error={problem} />}
        <Field
          label={t("reports.name")}
          value={name}
          onValue={setName}
          error={errors.get("/name")}
          maxLength={100}
          autoFocus
          required
        />
        {byMail ? (
          <Recipients people={people} onPeople={setPeople} errors={errors} />
        ) : (
          <WebhookField url={url} onUrl={setUrl} errors={errors} />
        )}
        <p className="small muted">{t("reports.stays")}</p>
        <div className="row">
          <Button look="main" type="submit" disabled={busy || (byMail && people.length === 0)}>
            {t("common.save")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
