import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useBoot } from "../../api/boot";
import { api, body } from "../../api/client";
import type { Consent } from "../../api/types";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Failure, Skeleton } from "../../design/Failure";
import { t } from "../../i18n";
import "../../i18n/late";
import { date, dateTime } from "../../lib/format";
import { scopesSaid } from "../../lib/scopes";
import { useSubmit } from "../../lib/submit";
import { say } from "../../lib/toasts";

const KEY = ["consents"];

/** What programs were allowed to do in one's name, and the end of that. */
export function Consents() {
  const workspaces = useBoot()?.workspaces ?? [];
  const [revoking, setRevoking] = useState<Consent>();
  const query = useInfiniteQuery({
    queryKey: KEY,
    initialPageParam: "",
    queryFn: ({ pageParam }) => {
      const paging = { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) };
      return body(api.GET("/v1/me/consents", { params: { query: paging } }));
    },
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const consents = query.data?.pages.flatMap((page) => page.data) ?? [];
  const nameOf = (id: string) => workspaces.find((workspace) => workspace.id === id)?.name ?? id;
  return (
    <section className="sheet pad stack narrow" aria-label={t("consents.title")}>
      <h2>{t("consents.title")}</h2>
      {query.isPending && <Skeleton />}
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && consents.length === 0 && <p className="muted">{t("consents.none")}</p>}
      {consents.length > 0 && (
        <ul className="stack-s">
          {consents.map((consent) => (
            <li key={consent.id} className="row apart">
              <div className="facts">
                <strong>{consent.client_name}</strong>{" "}
                <span>{t("consents.in", { workspace: nameOf(consent.workspace_id) })}</span>
                <div className="small">{scopesSaid(consent.scopes)}</div>
                <div className="small muted" title={dateTime(consent.created_at)}>
                  {t("people.since", { when: date(consent.created_at) })}
                </div>
              </div>
              <Button onClick={() => setRevoking(consent)}>{t("consents.revoke")}</Button>
            </li>
          ))}
        </ul>
      )}
      {query.hasNextPage && (
        <div className="row">
          <Button onClick={() => void query.fetchNextPage()} disabled={query.isFetchingNextPage}>
            {t("common.more")}
          </Button>
        </div>
      )}
      {revoking && <Revoking consent={revoking} onClose={() => setRevoking(undefined)} />}
    </section>
  );
}

function Revoking({ consent, onClose }: { consent: Consent; onClose: () => void }) {
  const queries = useQueryClient();
  const { submit, busy, problem } = useSubmit(async () => {
    await body(api.DELETE("/v1/me/consents/{consent_id}", { params: { path: { consent_id: consent.id } } }));
    say(t("consents.revoked", { name: consent.client_name }));
    onClose();
    await queries.invalidateQueries({ queryKey: KEY });
  });
  return (
    <Dialog open onClose={onClose} title={t("consents.revokeTitle", { name: consent.client_name })}>
      <form className="stack" onSubmit={submit}>
        <p>{t("consents.revokeText")}</p>
        {problem && <Failure error={problem} />}
        <div className="row">
          <Button look="bad" type="submit" disabled={busy}>
            {t("consents.revoke")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
