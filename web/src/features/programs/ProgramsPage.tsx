import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { api, body } from "../../api/client";
import type { OAuthClient } from "../../api/types";
import { Button } from "../../design/Button";
import { Copy } from "../../design/Copy";
import { Failure, Skeleton } from "../../design/Failure";
import { t } from "../../i18n";
import "../../i18n/late";
import { date, dateTime } from "../../lib/format";
import { useAuthorName } from "../../lib/people";
import { scopesSaid } from "../../lib/scopes";
import { useTitle } from "../../lib/title";
import { mayAdminister, useRole, useWorkspace } from "../../lib/workspace";
import { RemoveProgram, RotateSecret } from "./changes";
import { ProgramForm } from "./ProgramForm";

/** What is done to which program. */
type Doing = { what: "edit" | "rotate" | "remove"; client: OAuthClient } | { what: "add" };

/** Programs that people may let act for them (OAuth 2.0 clients). */
export default function ProgramsPage() {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const isAllowed = mayAdminister(useRole());
  const [doing, setDoing] = useState<Doing>();
  const key = ["programs", workspace.id];
  useTitle(t("nav.programs"), workspace.name);
  const query = useInfiniteQuery({
    queryKey: key,
    enabled: isAllowed,
    initialPageParam: "",
    queryFn: ({ pageParam }) => {
      const paging = { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) };
      const params = { path: { workspace_id: workspace.id }, query: paging };
      return body(api.GET("/v1/workspaces/{workspace_id}/oauth-clients", { params }));
    },
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const refetch = () => queries.invalidateQueries({ queryKey: key });
  const onClose = () => setDoing(undefined);
  const clients = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.programs")}</h1>
        {isAllowed && (
          <Button look="main" icon={<Plus aria-hidden="true" />} onClick={() => setDoing({ what: "add" })}>
            {t("programs.add")}
          </Button>
        )}
      </div>
      {!isAllowed && <p className="note">{t("programs.askAdministrator")}</p>}
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {isAllowed && query.isPending && <Skeleton count={3} />}
      {query.data && clients.length === 0 && (
        <div className="sheet empty">
          <h2>{t("programs.none")}</h2>
          <p>{t("programs.noneText")}</p>
        </div>
      )}
      <ul className="stack-s">
        {clients.map((client) => (
          <Program key={client.id} client={client} onDo={(what) => setDoing({ what, client })} />
        ))}
      </ul>
      {query.hasNextPage && (
        <div className="row section">
          <Button onClick={() => void query.fetchNextPage()} disabled={query.isFetchingNextPage}>
            {t("common.more")}
          </Button>
        </div>
      )}
      {doing?.what === "add" && <ProgramForm onClose={onClose} refetch={refetch} />}
      {doing?.what === "edit" && <ProgramForm client={doing.client} onClose={onClose} refetch={refetch} />}
      {doing?.what === "rotate" && <RotateSecret client={doing.client} onClose={onClose} refetch={refetch} />}
      {doing?.what === "remove" && <RemoveProgram client={doing.client} onClose={onClose} refetch={refetch} />}
    </>
  );
}

interface ProgramProperties {
  client: OAuthClient;
  onDo: (what: "edit" | "rotate" | "remove") => void;
}

function Program({ client, onDo }: ProgramProperties) {
  const holdsUntil = client.previous_secret_expires_at;
  return (
    <li className="sheet pad row apart">
      <div className="facts stack-s">
        <div className="row">
          <strong>{client.name}</strong>
          <span className="badge">{t(client.confidential ? "programs.onServer" : "programs.onMachines")}</span>
          {client.secret_start && <code className="small muted">{client.secret_start}…</code>}
        </div>
        <div className="row small">
          <span className="muted">{t("programs.clientId")}</span>
          <code>{client.id}</code>
          <Copy text={client.id} label={t("programs.copyId", { name: client.name })} />
        </div>
        <ul className="small mono anywhere">
          {client.redirect_uris.map((uri) => (
            <li key={uri}>{uri}</li>
          ))}
        </ul>
        <span className="small">{scopesSaid(client.scopes)}</span>
        <span className="small muted" title={dateTime(client.created_at)}>
          {t("people.since", { when: date(client.created_at) })}
          {client.created_by && <MadeBy author={client.created_by} />}
        </span>
        {holdsUntil && Date.parse(holdsUntil) > Date.now() && (
          <span className="small">{t("rotation.until", { when: dateTime(holdsUntil) })}</span>
        )}
      </div>
      <div className="row">
        <Button onClick={() => onDo("edit")}>{t("links.edit")}</Button>
        {client.confidential && <Button onClick={() => onDo("rotate")}>{t("rotation.rotate")}</Button>}
        <Button look="bad" onClick={() => onDo("remove")}>
          {t("common.removeIt")}
        </Button>
      </div>
    </li>
  );
}

function MadeBy({ author }: { author: string }) {
  return <> · {t("rotation.madeBy", { name: useAuthorName(author) })}</>;
}
