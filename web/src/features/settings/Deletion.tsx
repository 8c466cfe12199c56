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
import { say } from "../../lib/toasts";
import { useWorkspace } from "../../lib/workspace";
import { deletedQuery, useBringingBack } from "./deleted";

/** The end of a workspace, and where the way back is. */
export function Deletion() {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const bringBack = useBringingBack();
  const [typed, setTyped] = useState("");
  const { submit, busy, problem } = useSubmit(async () => {
    await body(api.DELETE("/v1/workspaces/{workspace_id}", { params: { path: { workspace_id: workspace.id } } }));
    await queries.invalidateQueries({ queryKey: deletedQuery.queryKey });
    // The page of a workspace goes before the workspace does.
    await navigate({ to: "/deleted-workspaces" });
    say(t("ending.deleted", { name: workspace.name }), () => void bringBack(workspace));
    await queries.fetchQuery({ ...bootQuery, staleTime: 0 });
  });
  return (
    <form className="sheet pad stack narrow" onSubmit={submit} aria-label={t("settings.delete")}>
      <h2>{t("settings.delete")}</h2>
      <ul className="said">
        <li>{t("ending.links")}</li>
        <li>{t("ending.people")}</li>
        <li>{t("ending.back")}</li>
      </ul>
      {problem && <Failure error={problem} />}
      <Field label={t("common.typeName", { name: workspace.name })} value={typed} onValue={setTyped} />
      <div className="row">
        <Button look="bad" type="submit" disabled={busy || typed !== workspace.name}>
          {t("settings.deleteIt")}
        </Button>
      </div>
    </form>
  );
}
