import { useState } from "react";
import { api, body } from "../../api/client";
import type { OAuthClient } from "../../api/types";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Failure } from "../../design/Failure";
import { Field } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { Overlap } from "../../lib/Overlap";
import { useSubmit } from "../../lib/submit";
import { say } from "../../lib/toasts";
import { useWorkspace } from "../../lib/workspace";
import { ClientSecret } from "./ClientSecret";

interface Properties {
  client: OAuthClient;
  onClose: () => void;
  refetch: () => void;
}

/** A new secret for a program, beside which the present one may hold for a while. */
export function RotateSecret({ client, onClose, refetch }: Properties) {
  const path = { workspace_id: useWorkspace().id, oauth_client_id: client.id };
  const [overlap, setOverlap] = useState("86400");
  const [secret, setSecret] = useState<string>();
  const { submit, busy, problem } = useSubmit(async () => {
    const made = await body(
      api.POST("/v1/workspaces/{workspace_id}/oauth-clients/{oauth_client_id}/rotate-secret", {
        params: { path },
        body: { overlap_seconds: Number(overlap) },
      }),
    );
    setSecret(made.client_secret);
    refetch();
  });
  if (secret) return <ClientSecret id={client.id} secret={secret} onClose={onClose} />;
  return (
    <Dialog open onClose={onClose} title={t("rotation.title", { name: client.name })}>
      <form className="stack" onSubmit={submit}>
        <p>{t("rotation.text")}</p>
        {problem && <Failure error={problem} />}
        <Overlap seconds={overlap} onSeconds={setOverlap} />
        <div className="row">
          <Button look="main" type="submit" disabled={busy}>
            {t("rotation.make")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

/** The end of a program, which nobody can undo. */
export function RemoveProgram({ client, onClose, refetch }: Properties) {
  const path = { workspace_id: useWorkspace().id, oauth_client_id: client.id };
  const [typed, setTyped] = useState("");
  const { submit, busy, problem } = useSubmit(async () => {
    await body(api.DELETE("/v1/workspaces/{workspace_id}/oauth-clients/{oauth_client_id}", { params: { path } }));
    say(t("programs.removed", { name: client.name }));
    onClose();
    refetch();
  });
  return (
    <Dialog open onClose={onClose} title={t("programs.removeTitle", { name: client.name })}>
      <form className="stack" onSubmit={submit}>
        <p>{t("programs.removeText")}</p>
        {problem && <Failure error={problem} />}
        <Field label={t("common.typeName", { name: client.name })} value={typed} onValue={setTyped} />
        <div className="row">
          <Button look="bad" type="submit" disabled={busy || typed !== client.name}>
            {t("common.removeIt")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
