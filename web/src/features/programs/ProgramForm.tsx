import { useState } from "react";
import { api, body } from "../../api/client";
import type { OAuthClient, Scope } from "../../api/types";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Failure } from "../../design/Failure";
import { Choice, Field, TextArea } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { ScopeChecks } from "../../lib/scopes";
import { useSubmit } from "../../lib/submit";
import { say } from "../../lib/toasts";
import { useWorkspace } from "../../lib/workspace";
import { ClientSecret } from "./ClientSecret";

interface Properties {
  /** The program that is changed; without it, another is registered. */
  client?: OAuthClient;
  onClose: () => void;
  refetch: () => Promise<void>;
}

/** Registers a program, or changes what is known of it. */
export function ProgramForm({ client, onClose, refetch }: Properties) {
  const workspace_id = useWorkspace().id;
  const [name, setName] = useState(client?.name ?? "");
  const [uris, setUris] = useState(client?.redirect_uris.join("\n") ?? "");
  const [scopes, setScopes] = useState<Scope[]>(client?.scopes ?? ["links:read", "links:write"]);
  const [kind, setKind] = useState("server");
  const [made, setMade] = useState<{ id: string; client_secret?: string }>();
  const { submit, busy, problem, errors } = useSubmit(async () => {
    const draft = { name: name.trim(), redirect_uris: linesOf(uris), scopes };
    if (client) {
      const path = { workspace_id, oauth_client_id: client.id };
      const params = { path, header: { "If-Match": `"${client.version}"` } };
      await body(api.PATCH("/v1/workspaces/{workspace_id}/oauth-clients/{oauth_client_id}", { params, body: draft }));
      say(t("programs.changed", { name: draft.name }));
      await refetch();
      onClose();
    } else {
      const params = { path: { workspace_id } };
      const whole = { ...draft, confidential: kind === "server" };
      setMade(await body(api.POST("/v1/workspaces/{workspace_id}/oauth-clients", { params, body: whole })));
      void refetch();
    }
  });
  if (made) return <ClientSecret id={made.id} secret={made.client_secret} onClose={onClose} />;
  const wrongUri = [...errors].filter(([pointer]) => pointer.startsWith("/redirect_uris"));
  const addressOf = (pointer: string) => linesOf(uris)[Number(pointer.split("/")[2])] ?? "";
  return (
    <Dialog open onClose={onClose} title={client ? client.name : t("programs.add")} wide>
      <form className="stack" onSubmit={submit}>
        {problem && errors.size === 0 && <Failure error={problem} />}
        <Field
          label={t("programs.name")}
          hint={t("programs.nameHint")}
          value={name}
          onValue={setName}
          error={errors.get("/name")}
          maxLength={100}
          autoFocus
          required
        />
        {!client && (
          <Choice
            label={t("programs.runs")}
            value={kind}
            onValue={setKind}
            options={[
              ["server", t("programs.runsOnServer")],
              ["machines", t("programs.runsOnMachines")],
            ]}
          />
        )}
        <TextArea
          label={t("programs.redirects")}
          hint={t("programs.redirectsHint")}
          value={uris}
          onValue={setUris}
          error={wrongUri
            .map(([pointer, detail]) => [addressOf(pointer), detail].filter(Boolean).join(": "))
            .join("; ")}
          maxLength={20_000}
          mono
        />
        <ScopeChecks label={t("programs.scopes")} scopes={scopes} onScopes={setScopes} error={errors.get("/scopes")} />
        <div className="row">
          <Button look="main" type="submit" disabled={busy || scopes.length === 0 || linesOf(uris).length === 0}>
            {client ? t("common.save") : t("programs.register")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

const linesOf = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
