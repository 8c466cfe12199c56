import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, body } from "../../api/client";
import { problemOf } from "../../api/problem";
import type { Share } from "../../api/types";
import { Button } from "../../design/Button";
import { Copy } from "../../design/Copy";
import { Dialog } from "../../design/Dialog";
import { Failure, Skeleton } from "../../design/Failure";
import { Field } from "../../design/Field";
import { t } from "../../i18n";
import { date } from "../../lib/format";
import { myZone } from "../../lib/preferences";
import { useSubmit } from "../../lib/submit";
import { say } from "../../lib/toasts";
import { useWorkspace } from "../../lib/workspace";

interface Properties {
  /** What the page is called, unless another name is written. */
  name: string;
  /** Which clicks it is about, as a query string of `/v1`. */
  filters: string;
  onClose: () => void;
}

/** The end of a day, which is the beginning of the next one. */
const endOf = (day: string) =>
  Temporal.PlainDate.from(day).add({ days: 1 }).toZonedDateTime(myZone()).toInstant().toString();

/** Shares what is shown with people who have no account, and takes back what was shared. */
export default function ShareDialog({ name: suggested, filters, onClose }: Properties) {
  const workspace_id = useWorkspace().id;
  const queries = useQueryClient();
  const [name, setName] = useState(suggested);
  const [password, setPassword] = useState("");
  const [until, setUntil] = useState("");
  const [address, setAddress] = useState<string>();
  const key = ["shares", workspace_id];
  const { submit, busy, problem, errors } = useSubmit(async () => {
    const draft = {
      name: name.trim(),
      filters,
      ...(password ? { password } : {}),
      ...(until ? { expires_at: endOf(until) } : {}),
    };
    const params = { path: { workspace_id } };
    const made = await body(api.POST("/v1/workspaces/{workspace_id}/shares", { params, body: draft }));
    setAddress(made.url);
    await queries.invalidateQueries({ queryKey: key });
  });
  const wrong = errors.get("/filters") ?? (errors.size === 0 ? problem?.message : undefined);
  return (
    <Dialog open onClose={onClose} title={t("shares.title")} wide>
      {address ? (
        <div className="note stack-s" role="status">
          <p>{t("shares.once")}</p>
          <div className="row">
            <code className="wrap grow">{address}</code>
            <Copy text={address} />
          </div>
        </div>
      ) : (
        <form className="stack" onSubmit={submit}>
          <p>{t("shares.about")}</p>
          <Field
            label={t("shares.name")}
            value={name}
            onValue={setName}
            maxLength={100}
            required
            error={errors.get("/name")}
          />
          <Field
            label={t("shares.password")}
            hint={t("shares.passwordHint")}
            autoComplete="off"
            value={password}
            onValue={setPassword}
            maxLength={128}
            error={errors.get("/password")}
          />
          <Field
            label={t("shares.until")}
            hint={t("shares.untilHint")}
            type="date"
            value={until}
            onValue={setUntil}
            error={errors.get("/expires_at")}
          />
          {wrong && (
            <p className="note" data-look="bad" role="alert">
              {wrong}
            </p>
          )}
          <div className="row">
            <Button look="main" type="submit" disabled={busy || name.trim() === ""}>
              {t("shares.make")}
            </Button>
          </div>
        </form>
      )}
      <Shared listKey={key} />
      <div className="row">
        <Button onClick={onClose}>{t("common.close")}</Button>
      </div>
    </Dialog>
  );
}

/** Everything that the workspace shares. */
function Shared({ listKey }: { listKey: string[] }) {
  const workspace_id = useWorkspace().id;
  const queries = useQueryClient();
  const params = { path: { workspace_id }, query: { limit: 100 } };
  const shares = useQuery({
    queryKey: listKey,
    queryFn: () => body(api.GET("/v1/workspaces/{workspace_id}/shares", { params })),
  });
  const revoke = async (share: Share) => {
    try {
      const path = { workspace_id, share_id: share.id };
      await body(api.DELETE("/v1/workspaces/{workspace_id}/shares/{share_id}", { params: { path } }));
      say(t("shares.revoked", { name: share.name }));
    } catch (error) {
      say(problemOf(error).message);
    }
    await queries.invalidateQueries({ queryKey: listKey });
  };
  const found = shares.data?.data ?? [];
  if (shares.isError) return <Failure error={shares.error} onRetry={() => void shares.refetch()} />;
  if (shares.isPending) return <Skeleton />;
  if (found.length === 0) return null;
  return (
    <section className="stack-s" aria-label={t("shares.all")}>
      <h3>{t("shares.all")}</h3>
      <ul className="stack-s">
        {found.map((share) => (
          <OneShare key={share.id} share={share} onRevoke={() => void revoke(share)} />
        ))}
      </ul>
    </section>
  );
}

/** Nothing brings an address back, so that it takes two presses to take it away. */
function OneShare({ share, onRevoke }: { share: Share; onRevoke: () => void }) {
  const [sure, setSure] = useState(false);
  const text = sure ? t("shares.revokeSure") : t("shares.revoke");
  return (
    <li className="row">
      <div className="grow">
        <strong>{share.name}</strong>
        <div className="small muted">
          {[
            t("shares.since", { when: date(share.created_at) }),
            share.expires_at && t("shares.ends", { when: date(share.expires_at) }),
            share.password_protected && t("state.password"),
            share.filters,
          ]
            .filter(Boolean)
            .join(" · ")}
        </div>
      </div>
      <Button look="bad" aria-label={`${text}: ${share.name}`} onClick={() => (sure ? onRevoke() : setSure(true))}>
        {text}
      </Button>
    </li>
  );
}
