import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, body } from "../../api/client";
import type { Workspace } from "../../api/types";
import { Button } from "../../design/Button";
import { Failure } from "../../design/Failure";
import { Check, Choice, Field } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { useSubmit } from "../../lib/submit";
import { say } from "../../lib/toasts";
import { useWorkspace } from "../../lib/workspace";
import { keepWorkspace } from "./kept";

type Addresses = Workspace["visitor_addresses"];

const ADDRESSES = ["whole", "truncated", "unused"] as const satisfies Addresses[];

/** What this workspace keeps of clicks, and for how long. */
export function Privacy() {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  // Only what was touched is kept here: a workspace that is read again meanwhile takes nothing away that was typed.
  const [touched, setTouched] = useState<{ addresses?: Addresses; counted?: boolean; days?: string }>({});
  const [confirmed, setConfirmed] = useState(false);
  const before = workspace.click_retention_days;
  const addresses = touched.addresses ?? workspace.visitor_addresses;
  const counted = touched.counted ?? workspace.count_opted_out;
  const days = touched.days ?? String(before);
  const changes = {
    ...(addresses !== workspace.visitor_addresses && { visitor_addresses: addresses }),
    ...(counted !== workspace.count_opted_out && { count_opted_out: counted }),
    ...(days !== String(before) && { click_retention_days: Number(days) }),
  };
  const { submit, busy, problem, errors } = useSubmit(async () => {
    const params = { path: { workspace_id: workspace.id }, header: { "If-Match": `"${workspace.version}"` } };
    const now = await body(api.PATCH("/v1/workspaces/{workspace_id}", { params, body: changes }));
    say(t("settings.saved"));
    await keepWorkspace(queries, now);
    setTouched((now) => (now === touched ? {} : now));
  });
  const deletes = days !== "" && Number(days) > 0 && (before === 0 || Number(days) < before);
  const isChanged = Object.keys(changes).length > 0;
  return (
    <form className="sheet pad stack narrow" onSubmit={submit} aria-label={t("privacy.title")}>
      <h2>{t("privacy.title")}</h2>
      <p className="small muted">{t("privacy.about")}</p>
      {problem && errors.size === 0 && <Failure error={problem} />}
      <div className="stack-s">
        <Choice
          label={t("privacy.addresses")}
          value={addresses}
          onValue={(chosen) => setTouched({ ...touched, addresses: chosen as Addresses })}
          options={ADDRESSES.map((name) => [name, t(`privacy.${name}`)])}
          error={errors.get("/visitor_addresses")}
        />
        <p className="small muted">{t(`privacy.${addresses}Text`)}</p>
      </div>
      <Check
        label={t("privacy.optedOut")}
        checked={counted}
        onChecked={(checked) => setTouched({ ...touched, counted: checked })}
      />
      <Field
        label={t("privacy.days")}
        value={days}
        onValue={(text) => {
          setTouched({ ...touched, days: text.replaceAll(/\D/g, "") });
          setConfirmed(false);
        }}
        error={errors.get("/click_retention_days")}
        hint={t("privacy.daysHint")}
        inputMode="numeric"
        maxLength={5}
        required
      />
      {deletes && (
        <Check label={t("privacy.older", { count: Number(days) })} checked={confirmed} onChecked={setConfirmed} />
      )}
      <div className="row">
        <Button look="main" type="submit" disabled={busy || !isChanged || days === "" || (deletes && !confirmed)}>
          {t("common.save")}
        </Button>
      </div>
    </form>
  );
}
