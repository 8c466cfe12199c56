import { useState } from "react";
import { useBoot } from "../../api/boot";
import { api, body } from "../../api/client";
import { withDetail } from "../../api/problem";
import type { ReportScheduleDraft } from "../../api/types";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Failure } from "../../design/Failure";
import { Choice, Field } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { type WhichClicks as Search, whichQueryOf } from "../../lib/clicks-search";
import { myZone } from "../../lib/preferences";
import { ShownOnce, ToCopy } from "../../lib/ShownOnce";
import { useSubmit } from "../../lib/submit";
import { say } from "../../lib/toasts";
import { WhichClicks } from "../../lib/WhichClicks";
import { useHome, useWorkspace } from "../../lib/workspace";
import { Recipients, WebhookField } from "./Destination";

interface Properties {
  /** Which clicks it is about. */
  search: Search;
  onSearch: (search: Search) => void;
  onClose: () => void;
  refetch: () => void;
}

const zones = () => [...new Set([myZone(), "UTC", ...Intl.supportedValuesOf("timeZone")])];

/** Sets a report up. The secret of one that goes to a webhook is shown this once. */
export function NewReport({ search, onSearch, onClose, refetch }: Properties) {
  const workspace_id = useWorkspace().id;
  const me = useBoot()?.user?.id;
  const folders = useHome()?.folders.body?.data ?? [];
  const [name, setName] = useState("");
  const [every, setEvery] = useState<ReportScheduleDraft["every"]>("week");
  const [zone, setZone] = useState(myZone());
  const [folder, setFolder] = useState("");
  const [way, setWay] = useState("mail");
  const [people, setPeople] = useState(me ? [me] : []);
  const [url, setUrl] = useState("");
  const [secret, setSecret] = useState<string>();
  const { submit, busy, problem, errors } = useSubmit(async () => {
    const draft = {
      name: name.trim(),
      every,
      time_zone: zone,
      filters: whichQueryOf(search).toString(),
      ...(folder ? { folder_id: folder } : {}),
      ...(way === "mail" ? { recipients: people } : { webhook_url: url.trim() }),
    };
    const params = { path: { workspace_id } };
    const made = await body(api.POST("/v1/workspaces/{workspace_id}/report-schedules", { params, body: draft }));
    refetch();
    if (made.webhook_secret) return setSecret(made.webhook_secret);
    say(t("reports.made", { name: made.name }));
    onClose();
  });
  if (secret)
    return (
      <ShownOnce title={t("reports.madeTitle")} note={t("reports.once")} onClose={onClose}>
        <dl className="stack-s">
          <ToCopy name={t("reports.secret")} value={secret} />
        </dl>
      </ShownOnce>
    );
  const ofFilters = [...errors].find(([pointer]) => pointer.startsWith("/filters"))?.[1];
  return (
    <Dialog open onClose={onClose} title={t("reports.add")} wide>
      <form className="stack" onSubmit={submit}>
        {problem && (errors.size === 0 || ofFilters) && <Failure error={withDetail(problem, ofFilters)} />}
        <Field
          label={t("reports.name")}
          value={name}
          onValue={setName}
          error={errors.get("/name")}
          maxLength={100}
          autoFocus
          required
        />
        <div className="two">
          <Choice
            label={t("reports.every")}
            value={every}
            onValue={(value) => setEvery(value as typeof every)}
            options={[
              ["week", t("reports.week")],
              ["month", t("reports.month")],
            ]}
          />
          <Choice
            label={t("reports.zone")}
            value={zone}
            onValue={setZone}
            options={zones().map((one) => [one, one])}
            error={errors.get("/time_zone")}
          />
        </div>
        <WhichClicks search={search} onSearch={onSearch} />
        {folders.length > 0 && (
          <Choice
            label={t("reports.folder")}
            value={folder}
            onValue={setFolder}
            options={[["", t("reports.allLinks")], ...folders.map(({ id, name }): [string, string] => [id, name])]}
            error={errors.get("/folder_id")}
          />
        )}
        <Choice
          label={t("reports.goesTo")}
          value={way}
          onValue={setWay}
          options={[
            ["mail", t("reports.byMail")],
            ["webhook", t("reports.byWebhook")],
          ]}
        />
        {way === "mail" ? (
          <Recipients people={people} onPeople={setPeople} errors={errors} />
        ) : (
          <WebhookField url={url} onUrl={setUrl} errors={errors} />
        )}
        <div className="row">
          <Button look="main" type="submit" disabled={busy || (way === "mail" && people.length === 0)}>
            {t("reports.setUp")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
