import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { api, body } from "../../api/client";
import type { ApiKey, Scope } from "../../api/types";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Failure, Skeleton } from "../../design/Failure";
import { Choice, Field } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { date, dateTime, relative } from "../../lib/format";
import { useAuthorName } from "../../lib/people";
import { Removal } from "../../lib/Removal";
import { ScopeChecks, scopesSaid } from "../../lib/scopes";
import { useSubmit } from "../../lib/submit";
import { useTitle } from "../../lib/title";
import { say } from "../../lib/toasts";
import { mayAdminister, useRole, useWorkspace } from "../../lib/workspace";
import { RotateKey } from "./RotateKey";
import { curl, Secret } from "./Secret";

const DAY = 86_400_000;

export default function KeysPage() {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const canEdit = mayAdminister(useRole());
  const [adding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey>();
  const [rotating, setRotating] = useState<ApiKey>();
  const path = { workspace_id: workspace.id };
  const key = ["keys", workspace.id];
  useTitle(t("nav.keys"), workspace.name);
  const query = useQuery({
    queryKey: key,
    queryFn: () => body(api.GET("/v1/workspaces/{workspace_id}/api-keys", { params: { path, query: { limit: 100 } } })),
  });
  const refetch = () => queries.invalidateQueries({ queryKey: key });
  const keys = query.data?.data ?? [];
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.keys")}</h1>
        {canEdit && (
          <Button look="main" icon={<Plus aria-hidden="true" />} onClick={() => setAdding(true)}>
            {t("keysPage.add")}
          </Button>
        )}
      </div>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton count={3} />}
      {query.data && keys.length === 0 && (
        <div className="sheet empty">
          <h2>{t("keysPage.none")}</h2>
          <p>{t("keysPage.noneText")}</p>
          <code className="small">{curl(workspace.id, "elido_…")}</code>
        </div>
      )}
      <ul className="stack-s">
        {keys.map((item) => (
          <li key={item.id} className="sheet pad row apart">
            <div className="facts stack-s">
              <div className="row">
                <strong>{item.name}</strong>
                <code className="small muted">{item.token_start}…</code>
                {item.expires_at && (
                  <span className="badge" data-look={Date.parse(item.expires_at) < Date.now() ? "bad" : undefined}>
                    {t("keysPage.until", { when: date(item.expires_at) })}
                  </span>
                )}
              </div>
              <span className="small">{scopesSaid(item.scopes)}</span>
              <span className="small muted" title={item.last_used_at ? dateTime(item.last_used_at) : undefined}>
                {item.last_used_at
                  ? t("keysPage.used", { when: relative(item.last_used_at) })
                  : t("keysPage.neverUsed")}
                {item.created_by && <MadeBy author={item.created_by} />}
              </span>
              {item.creator_is_disabled && <span className="small bad">{t("rotation.disabled")}</span>}
              {item.previous_secret_expires_at && Date.parse(item.previous_secret_expires_at) > Date.now() && (
                <span className="small">
                  {t("rotation.until", { when: dateTime(item.previous_secret_expires_at) })}
                </span>
              )}
            </div>
            {canEdit && (
              <div className="row">
                <Button onClick={() => setRotating(item)}>{t("rotation.rotate")}</Button>
                <Button look="bad" onClick={() => setRevoking(item)}>
                  {t("keysPage.revoke")}
                </Button>
              </div>
            )}
          </li>
        ))}
      </ul>
      {adding && <AddKey onClose={() => setAdding(false)} refetch={() => void refetch()} />}
      {rotating && <RotateKey item={rotating} onClose={() => setRotating(undefined)} refetch={() => void refetch()} />}
      {revoking && <RevokeKey item={revoking} onClose={() => setRevoking(undefined)} refetch={() => void refetch()} />}
    </>
  );
}

function MadeBy({ author }: { author: string }) {
  return <> · {t("rotation.madeBy", { name: useAuthorName(author) })}</>;
}

function AddKey({ onClose, refetch }: { onClose: () => void; refetch: () => void }) {
  const workspace = useWorkspace();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<Scope[]>(["links:read", "links:write"]);
  const [days, setDays] = useState("90");
  const [token, setToken] = useState<string>();
  const { submit, busy, problem, errors } = useSubmit(async () => {
    const expires = days === "" ? {} : { expires_at: new Date(Date.now() + Number(days) * DAY).toISOString() };
    const params = { path: { workspace_id: workspace.id } };
    const made = await body(
      api.POST("/v1/workspaces/{workspace_id}/api-keys", { params, body: { name, scopes, ...expires } }),
    );
    setToken(made.token);
    refetch();
  });
  if (token) return <Secret token={token} onClose={onClose} />;
  return (
    <Dialog open onClose={onClose} title={t("keysPage.add")} wide>
      <form className="stack" onSubmit={submit}>
        {problem && errors.size === 0 && <Failure error={problem} />}
        <Field
          label={t("keysPage.name")}
          hint={t("keysPage.nameHint")}
          value={name}
          onValue={setName}
          error={errors.get("/name")}
          autoFocus
          required
        />
        <ScopeChecks label={t("keysPage.scopes")} scopes={scopes} onScopes={setScopes} error={errors.get("/scopes")} />
        <Choice
          label={t("keysPage.expires")}
          value={days}
          onValue={setDays}
          options={[
            ["30", t("keysPage.days", { count: 30 })],
            ["90", t("keysPage.days", { count: 90 })],
            ["365", t("keysPage.days", { count: 365 })],
            ["", t("keysPage.never")],
          ]}
          error={errors.get("/expires_at")}
        />
        <div className="row">
          <Button look="main" type="submit" disabled={busy || scopes.length === 0}>
            {t("keysPage.create")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

function RevokeKey({ item, onClose, refetch }: { item: ApiKey; onClose: () => void; refetch: () => void }) {
  const path = { workspace_id: useWorkspace().id, api_key_id: item.id };
  const revoke = async () => {
    await body(api.DELETE("/v1/workspaces/{workspace_id}/api-keys/{api_key_id}", { params: { path } }));
    say(t("keysPage.revoked", { name: item.name }));
    onClose();
    refetch();
  };
  return (
    <Removal
      title={t("keysPage.revokeTitle", { name: item.name })}
      text={t("keysPage.revokeText")}
      name={item.name}
      action={t("keysPage.revoke")}
      onRemove={revoke}
      onClose={onClose}
    />
  );
}
