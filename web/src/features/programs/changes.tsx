import { useState } from "react";
import { api, body } from "../../api/client";
import type { OAuthClient } from "../../api/types";
import { t } from "../../i18n";
import "../../i18n/late";
import { Removal } from "../../lib/Removal";
import { Rotation } from "../../lib/Rotation";
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
  const [secret, setSecret] = useState<string>();
  const rotate = async (overlap_seconds: number) => {
    const made = await body(
      api.POST("/v1/workspaces/{workspace_id}/oauth-clients/{oauth_client_id}/rotate-secret", {
        params: { path },
        body: { overlap_seconds },
      }),
    );
    setSecret(made.client_secret);
    refetch();
  };
  if (secret) return <ClientSecret id={client.id} secret={secret} onClose={onClose} />;
  return <Rotation name={client.name} onRotate={rotate} onClose={onClose} />;
}

/** The end of a program, which nobody can undo. */
export function RemoveProgram({ client, onClose, refetch }: Properties) {
  const path = { workspace_id: useWorkspace().id, oauth_client_id: client.id };
  const remove = async () => {
    await body(api.DELETE("/v1/workspaces/{workspace_id}/oauth-clients/{oauth_client_id}", { params: { path } }));
    say(t("programs.removed", { name: client.name }));
    onClose();
    refetch();
  };
  return (
    <Removal
      title={t("programs.removeTitle", { name: client.name })}
      text={t("programs.removeText")}
      name={client.name}
      action={t("common.removeIt")}
      onRemove={remove}
      onClose={onClose}
    />
  );
}
