import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, body } from "../../api/client";
import { problemOf } from "../../api/problem";
import type { UtmTemplate } from "../../api/types";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Failure, Skeleton } from "../../design/Failure";
import { Field } from "../../design/Field";
import { t } from "../../i18n";
import { useSubmit } from "../../lib/submit";
import { say } from "../../lib/toasts";
import { UtmFields } from "../../lib/UtmFields";
import { templatesQuery, UTM, whole } from "../../lib/utm";
import { useWorkspace } from "../../lib/workspace";

/** Named sets of campaign parameters. */
export function Templates() {
  const workspace_id = useWorkspace().id;
  const queries = useQueryClient();
  const query = useQuery(templatesQuery(workspace_id));
  const [editing, setEditing] = useState<UtmTemplate | "new">();
  const refetch = () => queries.invalidateQueries({ queryKey: templatesQuery(workspace_id).queryKey });
  const remove = async (template: UtmTemplate) => {
    const path = { workspace_id, utm_template_id: template.id };
    try {
      await body(api.DELETE("/v1/workspaces/{workspace_id}/utm-templates/{utm_template_id}", { params: { path } }));
      say(t("templates.removed", { name: template.name }), () => void restore(template));
    } catch (error) {
      say(problemOf(error).message);
    }
    await refetch();
  };
  const restore = async ({ name, utm }: UtmTemplate) => {
    try {
      const params = { path: { workspace_id } };
      await body(api.POST("/v1/workspaces/{workspace_id}/utm-templates", { params, body: { name, utm } }));
      say(t("links.undone"));
    } catch (error) {
      say(problemOf(error).message);
    }
    await refetch();
  };
  const templates = query.data?.data ?? [];
  return (
    <section className="sheet pad stack-s narrow" aria-label={t("templates.title")}>
      <h2>{t("templates.title")}</h2>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton />}
      {query.data && templates.length === 0 && <p className="muted">{t("templates.none")}</p>}
      {templates.map((template) => (
        <div key={template.id} className="row">
          <div className="grow">
            <strong>{template.name}</strong>
            <div className="small mono muted">
              {UTM.flatMap((field) => (template.utm[field] ? [`utm_${field}=${template.utm[field]}`] : [])).join(" ")}
            </div>
          </div>
          <Button onClick={() => setEditing(template)}>{t("links.edit")}</Button>
          <Button look="bad" onClick={() => remove(template)}>
            {t("settings.removeTag")}
          </Button>
        </div>
      ))}
      <div className="row">
        <Button onClick={() => setEditing("new")}>{t("templates.new")}</Button>
      </div>
      {editing && (
        <Editor
          template={editing === "new" ? undefined : editing}
          onClose={() => setEditing(undefined)}
          onDone={refetch}
        />
      )}
    </section>
  );
}

interface EditorProperties {
  template: UtmTemplate | undefined;
  onClose: () => void;
  onDone: () => Promise<void>;
}

function Editor({ template, onClose, onDone }: EditorProperties) {
  const workspace_id = useWorkspace().id;
  const [name, setName] = useState(template?.name ?? "");
  const [utm, setUtm] = useState(template?.utm ?? {});
  const { submit, busy, problem, errors } = useSubmit(async () => {
    const given = Object.fromEntries(Object.entries(whole(utm)).filter(([, value]) => value !== null));
    const draft = { name, utm: template ? whole(utm) : given };
    if (template) {
      const path = { workspace_id, utm_template_id: template.id };
      const params = { path, header: { "If-Match": `"${template.version}"` } };
      await body(api.PATCH("/v1/workspaces/{workspace_id}/utm-templates/{utm_template_id}", { params, body: draft }));
    } else {
      await body(
        api.POST("/v1/workspaces/{workspace_id}/utm-templates", { params: { path: { workspace_id } }, body: draft }),
      );
    }
    await onDone();
    onClose();
  });
  return (
    <Dialog open onClose={onClose} title={template?.name ?? t("templates.new")}>
      <form className="stack" onSubmit={submit}>
        {problem && errors.size === 0 && <Failure error={problem} />}
        <Field
          label={t("templates.name")}
          value={name}
          onValue={setName}
          error={errors.get("/name")}
          maxLength={100}
          required
        />
        <UtmFields
          utm={utm}
          onUtm={setUtm}
          errorOf={(field) => errors.get(`/utm/${field}`) ?? (field === "source" ? errors.get("/utm") : undefined)}
        />
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
