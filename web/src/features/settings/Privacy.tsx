import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { bootQuery } from "../../api/boot";
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

const ADDRESSES = ["whole", "truncated", "unused"] as const satisfies Workspace["visitor_addresses"][];

/** What this workspace keeps of clicks, and for how long. */
export function Privacy() {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const [addresses, setAddresses] = useState(workspace.visitor_addresses);
  const [counted, setCounted] = useState(workspace.count_opted_out);
  const [days, setDays] = useState(String(workspace.click_retention_days));
  const [confirmed, setConfirmed] = useState(false);
  const { submit, busy, problem, errors } = useSubmit(async () => {
    const params = { path: { workspace_id: workspace.id }, header: { "If-Match": `"${workspace.version}"` } };
    const changes = {
      visitor_addresses: addresses,
      count_opted_out: counted,
      click_retention_days: Number(days),
    };
    await body(api.PATCH("/v1/workspaces/{workspace_id}", { params, body: changes }));
    say(t("settings.saved"));
    await queries.fetchQuery({ ...bootQuery, staleTime: 0 });
  });
  const before = workspace.click_retention_days;
  const deletes = days !== "" && Number(days) > 0 && (before === 0 || Number(days) < before);
  const isChanged =
    addresses !== workspace.visitor_addresses || counted !== workspace.count_opted_out || days !== String(before);
  return (
    <form className="sheet pad stack narrow" onSubmit={submit} aria-label={t("privacy.title")}>
      <h2>{t("privacy.title")}</h2>
      <p className="small muted">{t("privacy.about")}</p>
      {problem && errors.size === 0 && <Failure error={problem} />}
      <div className="stack-s">
        <Choice
          label={t("privacy.addresses")}
          value={addresses}
          onValue={(chosen) => setAddresses(chosen as typeof addresses)}
          options={ADDRESSES.map((name) => [name, t(`privacy.${name}`)])}
          error={errors.get("/visitor_addresses")}
        />
        <p className="small muted">{t(`privacy.${addresses}Text`)}</p>
      </div>
      <Check label={t("privacy.optedOut")} checked={counted} onChecked={setCounted} />
      <Field
        label={t("privacy.days")}
        value={days}
        onValue={(text) => {
          setDays(text.replaceAll(/\D/g, ""));
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
