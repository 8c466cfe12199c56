import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useBoot } from "../../api/boot";
import { api, body } from "../../api/client";
import type { ExternalIdentity } from "../../api/types";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Failure } from "../../design/Failure";
import { Choice, Field } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { date, dateTime, relative } from "../../lib/format";
import { useSubmit } from "../../lib/submit";
import { say } from "../../lib/toasts";

const KEY = ["identities"];

/** Who one is to providers, by which one signs in. Absent where there are no providers. */
export function Identities() {
  const providers = useBoot()?.providers ?? [];
  const query = useQuery({
    queryKey: KEY,
    queryFn: () => body(api.GET("/v1/me/identities", { params: { query: { limit: 100 } } })),
  });
  const [unlinking, setUnlinking] = useState<ExternalIdentity>();
  const identities = query.data?.data ?? [];
  if (providers.length === 0 && identities.length === 0) return null;
  return (
    <section className="sheet pad stack narrow" aria-label={t("identities.title")}>
      <h2>{t("identities.title")}</h2>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && identities.length === 0 && <p className="muted">{t("identities.none")}</p>}
      {identities.length > 0 && (
        <ul className="stack-s">
          {identities.map((identity) => (
            <li key={identity.id} className="row apart">
              <div className="facts">
                <strong>{identity.provider}</strong> {identity.email}
                <div className="small muted" title={dateTime(identity.last_used_at)}>
                  {t("identities.since", {
                    when: date(identity.created_at),
                    used: t("me.used", { when: relative(identity.last_used_at) }),
                  })}
                </div>
              </div>
              <Button onClick={() => setUnlinking(identity)}>{t("identities.unlink")}</Button>
            </li>
          ))}
        </ul>
      )}
      {providers.length > 0 && <Another providers={providers.map(({ name }) => name)} />}
      {unlinking && <Unlinking identity={unlinking} onClose={() => setUnlinking(undefined)} />}
    </section>
  );
}

/** The way to a provider, who says who this is. */
function Another({ providers }: { providers: string[] }) {
  const email = useBoot()?.user?.email ?? "";
  const [provider, setProvider] = useState(providers[0] ?? "");
  const [password, setPassword] = useState("");
  const { submit, busy, problem, errors } = useSubmit(async () => {
    const draft = { provider, return_to: "/me", ...(password ? { password } : {}) };
    const { url } = await body(api.POST("/v1/me/identities", { body: draft }));
    location.assign(url);
  });
  return (
    <form className="stack" onSubmit={submit} aria-label={t("identities.another")}>
      <input type="email" autoComplete="username" value={email} readOnly hidden />
      {problem && errors.size === 0 && <Failure error={problem} />}
      <div className="two">
        <Choice
          label={t("identities.provider")}
          value={provider}
          onValue={setProvider}
          options={providers.map((name) => [name, name])}
          error={errors.get("/provider")}
        />
        <Field
          label={t("address.password")}
          type="password"
          value={password}
          onValue={setPassword}
          error={errors.get("/password")}
          hint={t("identities.passwordHint")}
          autoComplete="current-password"
        />
      </div>
      <div className="row">
        <Button type="submit" disabled={busy}>
          {t("identities.another")}
        </Button>
      </div>
    </form>
  );
}

function Unlinking({ identity, onClose }: { identity: ExternalIdentity; onClose: () => void }) {
  const queries = useQueryClient();
  const { submit, busy, problem } = useSubmit(async () => {
    const path = { identity_id: identity.id };
    await body(api.DELETE("/v1/me/identities/{identity_id}", { params: { path } }));
    say(t("identities.unlinked", { provider: identity.provider }));
    onClose();
    await queries.invalidateQueries({ queryKey: KEY });
    await queries.invalidateQueries({ queryKey: ["sessions"] });
  });
  return (
    <Dialog open onClose={onClose} title={t("identities.unlinkTitle", { provider: identity.provider })}>
      <form className="stack" onSubmit={submit}>
        <p>{t("identities.unlinkText", { email: identity.email })}</p>
        {problem && <Failure error={problem} />}
        <div className="row">
          <Button look="bad" type="submit" disabled={busy}>
            {t("identities.unlink")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
