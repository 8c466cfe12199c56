import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useBoot } from "../../api/boot";
import { api, body } from "../../api/client";
import { Button } from "../../design/Button";
import { Failure } from "../../design/Failure";
import { Choice, Field } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { useMembers } from "../../lib/people";
import { useSubmit } from "../../lib/submit";
import { say } from "../../lib/toasts";
import { useWorkspace } from "../../lib/workspace";

/** Gives the workspace to another member, which its present owner cannot take back. */
export function Transfer() {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const me = useBoot()?.user?.id;
  const others = useMembers().filter((member) => member.user_id !== me);
  const [to, setTo] = useState("");
  const [typed, setTyped] = useState("");
  const { submit, busy, problem, errors } = useSubmit(async () => {
    const params = { path: { workspace_id: workspace.id } };
    await body(api.POST("/v1/workspaces/{workspace_id}/transfer", { params, body: { user_id: to } }));
    const heir = others.find((member) => member.user_id === to);
    say(t("transfer.done", { name: heir?.name || heir?.email || to }));
    await queries.invalidateQueries({ queryKey: ["home", workspace.id] });
    await queries.invalidateQueries({ queryKey: ["people", workspace.id] });
  });
  const options = others.map((member): [string, string] => [
    member.user_id,
    `${member.name || member.email} · ${t(`role.${member.role}`)}`,
  ]);
  return (
    <form className="sheet pad stack narrow" onSubmit={submit} aria-label={t("transfer.title")}>
      <h2>{t("transfer.title")}</h2>
      <ul className="said">
        <li>{t("transfer.they")}</li>
        <li>{t("transfer.you")}</li>
        <li>{t("transfer.final")}</li>
      </ul>
      {problem && errors.size === 0 && <Failure error={problem} />}
      {others.length === 0 ? (
        <p className="muted">{t("transfer.alone")}</p>
      ) : (
        <>
          <Choice
            label={t("transfer.to")}
            value={to}
            onValue={setTo}
            options={[["", t("transfer.nobody")], ...options]}
            error={errors.get("/user_id")}
          />
          <Field label={t("common.typeName", { name: workspace.name })} value={typed} onValue={setTyped} />
          <div className="row">
            <Button look="bad" type="submit" disabled={busy || to === "" || typed !== workspace.name}>
              {t("transfer.give")}
            </Button>
          </div>
        </>
      )}
    </form>
  );
}
