import { useState } from "react";
import { api, body } from "../../api/client";
import type { Domain } from "../../api/types";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Failure } from "../../design/Failure";
import { Check, Choice, Field } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { useSubmit } from "../../lib/submit";
import { say } from "../../lib/toasts";
import { useWorkspace } from "../../lib/workspace";

const STATUSES = [301, 302, 303, 307, 308] as const satisfies Domain["default_redirect_status"][];

interface Properties {
  domain: Domain;
  onClose: () => void;
  refetch: () => Promise<void>;
}

const orNull = (text: string) => text.trim() || null;

/** Where visitors of a domain go that no link leads on, and what its new links begin with. */
export function EditDomain({ domain, onClose, refetch }: Properties) {
  const path = { workspace_id: useWorkspace().id, domain_id: domain.id };
  const [form, setForm] = useState({
    root: domain.root_url ?? "",
    notFound: domain.not_found_url ?? "",
    expired: domain.expired_url ?? "",
    robots: domain.robots ?? "",
    status: domain.default_redirect_status,
    caseSensitive: domain.case_sensitive,
  });
  const set = (change: Partial<typeof form>) => setForm({ ...form, ...change });
  const { submit, busy, problem, errors } = useSubmit(async () => {
    const changes = {
      root_url: orNull(form.root),
      not_found_url: orNull(form.notFound),
      expired_url: orNull(form.expired),
      robots: orNull(form.robots),
      default_redirect_status: form.status,
      case_sensitive: form.caseSensitive,
    };
    const params = { path, header: { "If-Match": `"${domain.version}"` } };
    await body(api.PATCH("/v1/workspaces/{workspace_id}/domains/{domain_id}", { params, body: changes }));
    say(t("domainEdit.saved", { name: domain.display_name }));
    onClose();
    await refetch();
  });
  return (
    <Dialog open onClose={onClose} title={t("domainEdit.title", { name: domain.display_name })} wide>
      <form className="stack" onSubmit={submit}>
        {problem && errors.size === 0 && <Failure error={problem} />}
        <Field
          label={t("domainEdit.root")}
          value={form.root}
          onValue={(root) => set({ root })}
          error={errors.get("/root_url")}
          inputMode="url"
        />
        <Field
          label={t("domainEdit.notFound")}
          value={form.notFound}
          onValue={(notFound) => set({ notFound })}
          error={errors.get("/not_found_url")}
          inputMode="url"
        />
        <Field
          label={t("domainEdit.expired")}
          value={form.expired}
          onValue={(expired) => set({ expired })}
          error={errors.get("/expired_url")}
          inputMode="url"
        />
        <Choice
          label={t("domainEdit.status")}
          value={String(form.status)}
          onValue={(status) => set({ status: Number(status) as typeof form.status })}
          options={STATUSES.map((status) => [String(status), t(`editor.status${status}`)])}
          error={errors.get("/default_redirect_status")}
        />
        <Field
          label={t("domainEdit.robots")}
          value={form.robots}
          onValue={(robots) => set({ robots })}
          error={errors.get("/robots")}
          placeholder="noindex"
          mono
        />
        <Check
          label={t("domainEdit.caseSensitive")}
          checked={form.caseSensitive}
          onChecked={(caseSensitive) => set({ caseSensitive })}
        />
        {errors.get("/case_sensitive") && <span className="error-text">{errors.get("/case_sensitive")}</span>}
        <div className="row">
          <Button look="main" type="submit" disabled={busy}>
            {t("common.save")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
