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

/** What can be changed of a domain, as a form holds it. */
const formOf = (domain: Domain) => ({
  root_url: domain.root_url ?? "",
  not_found_url: domain.not_found_url ?? "",
  expired_url: domain.expired_url ?? "",
  robots: domain.robots ?? "",
  default_redirect_status: domain.default_redirect_status,
  case_sensitive: domain.case_sensitive,
});
type Form = ReturnType<typeof formOf>;

/** The same for the API, where an empty text is none. */
const patchOf = (edited: Partial<Form>) =>
  Object.fromEntries(
    Object.entries(edited).map(([name, value]) => [name, typeof value === "string" ? orNull(value) : value]),
  );

/** Where visitors of a domain go that no link leads on, and what its new links begin with. */
export function EditDomain({ domain, onClose, refetch }: Properties) {
  const path = { workspace_id: useWorkspace().id, domain_id: domain.id };
  // Only what was touched: the rest is what the domain has by now, whoever set it.
  const [edited, setEdited] = useState<Partial<Form>>({});
  const form = { ...formOf(domain), ...edited };
  const set = (change: Partial<Form>) => setEdited({ ...edited, ...change });
  const { submit, busy, problem, errors } = useSubmit(async () => {
    const params = { path, header: { "If-Match": `"${domain.version}"` } };
    await body(api.PATCH("/v1/workspaces/{workspace_id}/domains/{domain_id}", { params, body: patchOf(edited) }));
    say(t("domainEdit.saved", { name: domain.display_name }));
    await refetch();
    onClose();
  });
  return (
    <Dialog open onClose={onClose} title={t("domainEdit.title", { name: domain.display_name })} wide>
      <form className="stack" onSubmit={submit}>
        {problem && errors.size === 0 && <Failure error={problem} />}
        <Field
          label={t("domainEdit.root")}
          value={form.root_url}
          onValue={(root_url) => set({ root_url })}
          error={errors.get("/root_url")}
          inputMode="url"
        />
        <Field
          label={t("domainEdit.notFound")}
          value={form.not_found_url}
          onValue={(not_found_url) => set({ not_found_url })}
          error={errors.get("/not_found_url")}
          inputMode="url"
        />
        <Field
          label={t("domainEdit.expired")}
          value={form.expired_url}
          onValue={(expired_url) => set({ expired_url })}
          error={errors.get("/expired_url")}
          inputMode="url"
        />
        <Choice
          label={t("domainEdit.status")}
          value={String(form.default_redirect_status)}
          onValue={(status) => set({ default_redirect_status: Number(status) as Form["default_redirect_status"] })}
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
          checked={form.case_sensitive}
          onChecked={(case_sensitive) => set({ case_sensitive })}
        />
        {errors.get("/case_sensitive") && <span className="error-text">{errors.get("/case_sensitive")}</span>}
        <div className="row">
          <Button look="main" type="submit" disabled={busy || Object.keys(edited).length === 0}>
            {t("common.save")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
