import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { bootQuery } from "../../api/boot";
import { api, body } from "../../api/client";
import { Button } from "../../design/Button";
import { Failure } from "../../design/Failure";
import { Field } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { useSubmit } from "../../lib/submit";
import { useWorkspace } from "../../lib/workspace";

/** The way out of a workspace, which only others can undo. */
export function Leaving() {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [typed, setTyped] = useState("");
  const { submit, busy, problem } = useSubmit(async () => {
    await body(api.POST("/v1/workspaces/{workspace_id}/leave", { params: { path: { workspace_id: workspace.id } } }));
    await queries.fetchQuery({ ...bootQuery, staleTime: 0 });
    await navigate({ to: "/" });
  });
  return (
    <form className="sheet pad stack narrow" onSubmit={submit} aria-label={t("leaving.title")}>
      <h2>{t("leaving.title")}</h2>
      <p>{t("leaving.text")}</p>
      {problem && <Failure error={problem} />}
      <Field label={t("common.typeName", { name: workspace.name })} value={typed} onValue={setTyped} />
      <div className="row">
        <Button look="bad" type="submit" disabled={busy || typed !== workspace.name}>
          {t("leaving.leave")}
        </Button>
      </div>
    </form>
  );
}
