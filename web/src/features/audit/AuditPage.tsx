import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, useState } from "react";
import { api, body } from "../../api/client";
import type { AuditEvent } from "../../api/types";
import { Button } from "../../design/Button";
import { Failure, Skeleton } from "../../design/Failure";
import { t } from "../../i18n";
import "../../i18n/late";
import type { AuditSearch } from "../../lib/audit-search";
import { dateTime } from "../../lib/format";
import { Later } from "../../lib/Later";
import { useAuthorName, useMembers } from "../../lib/people";
import { myZone } from "../../lib/preferences";
import { dayAfter, dayOf, startOf } from "../../lib/time";
import { useTitle } from "../../lib/title";
import { mayAdminister, useRole, useWorkspace } from "../../lib/workspace";

const EvidenceDialog = lazy(() => import("./EvidenceDialog"));

type Row = Record<string, unknown> | null | undefined;

/** The fields that differ, with what they were and what they are. */
function differences(before: Row, after: Row): [string, unknown, unknown][] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const found = names.map((name): [string, unknown, unknown] => [name, before?.[name], after?.[name]]);
  return found.filter(
    ([name, old, now]) => JSON.stringify(old) !== JSON.stringify(now) && name !== "version" && name !== "updated_at",
  );
}

const written = (value: unknown) =>
  value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value);

export default function AuditPage() {
  const workspace = useWorkspace();
  const role = useRole();
  const [evidence, setEvidence] = useState(false);
  const search = useSearch({ from: "/signed-in/w/$workspace/audit" });
  const navigate = useNavigate({ from: "/w/$workspace/audit" });
  const path = { workspace_id: workspace.id };
  useTitle(t("nav.audit"), workspace.name);
  const query = useInfiniteQuery({
    queryKey: ["audit", workspace.id, search],
    placeholderData: keepPreviousData,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => {
      const given = Object.entries({ ...search, cursor: pageParam }).filter(([, value]) => value !== undefined);
      const asked = { limit: 50, ...(Object.fromEntries(given) as Record<string, string>) };
      return body(api.GET("/v1/workspaces/{workspace_id}/audit-events", { params: { path, query: asked } }));
    },
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const set = (change: Partial<Record<keyof AuditSearch, string | undefined>>) =>
    void navigate({ search: (old) => clean({ ...old, ...change }) });
  const events = query.data?.pages.flatMap((page) => page.data) ?? [];
  const isFiltered = Object.keys(search).length > 0;
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.audit")}</h1>
        <div className="row">
          {mayAdminister(role) && <Button onClick={() => setEvidence(true)}>{t("evidence.open")}</Button>}
          <a className="button" href={`/v1/workspaces/${workspace.id}/audit-events/export?format=ndjson`} download>
            {t("audit.export")}
          </a>
        </div>
      </div>
      {evidence && (
        <Later>
          <EvidenceDialog search={search} onClose={() => setEvidence(false)} />
        </Later>
      )}
      <Filters search={search} onSearch={set} />
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton count={6} />}
      {query.data && events.length === 0 && (
        <div className="sheet empty">
          <p>{t("trail.none")}</p>
          {isFiltered && <Button onClick={() => void navigate({ search: {} })}>{t("common.reset")}</Button>}
        </div>
      )}
      <ul className="stack-s" data-stale={query.isPlaceholderData || undefined}>
        {events.map((event) => (
          <Entry key={event.id} event={event} onSearch={set} />
        ))}
      </ul>
      {query.hasNextPage && (
        <div className="row section">
          <Button onClick={() => void query.fetchNextPage()} disabled={query.isFetchingNextPage}>
            {t("common.more")}
          </Button>
        </div>
      )}
    </>
  );
}

type OnSearch = (change: Partial<Record<keyof AuditSearch, string | undefined>>) => void;

/** The search without what is empty. */
const clean = (search: Partial<Record<keyof AuditSearch, string | undefined>>): AuditSearch =>
  Object.fromEntries(Object.entries(search).filter(([, value]) => value)) as AuditSearch;

/** Who did it, what, to what, and when. */
function Filters({ search, onSearch }: { search: AuditSearch; onSearch: OnSearch }) {
  const zone = myZone();
  const people = useMembers();
  const lastDay =
    search.until && dayOf(Temporal.Instant.from(search.until).subtract({ nanoseconds: 1 }).toString(), zone);
  return (
    <div className="filters audit-filters">
      <select
        className="input pick"
        aria-label={t("trail.who")}
        value={search.actor ?? ""}
        onChange={(event) => onSearch({ actor: event.target.value })}
      >
        <option value="">{t("trail.anybody")}</option>
        {people.map((member) => (
          <option key={member.user_id} value={member.user_id}>
            {member.name || member.email}
          </option>
        ))}
        {search.actor && !people.some((member) => member.user_id === search.actor) && (
          <option value={search.actor}>{search.actor}</option>
        )}
      </select>
      <Typed label={t("trail.what")} value={search.action ?? ""} onValue={(action) => onSearch({ action })} />
      <Typed label={t("trail.onWhat")} value={search.target ?? ""} onValue={(target) => onSearch({ target })} />
      <input
        type="date"
        className="input pick"
        aria-label={t("trail.first")}
        title={zone}
        value={search.from ? dayOf(search.from, zone) : ""}
        onChange={(event) => onSearch({ from: event.target.value && startOf(event.target.value, zone) })}
      />
      <input
        type="date"
        className="input pick"
        aria-label={t("trail.last")}
        title={zone}
        value={lastDay ?? ""}
        onChange={(event) => onSearch({ until: event.target.value && startOf(dayAfter(event.target.value), zone) })}
      />
      {Object.keys(search).length > 0 && (
        <Button look="plain" onClick={() => onSearch({ actor: "", action: "", target: "", from: "", until: "" })}>
          {t("common.reset")}
        </Button>
      )}
    </div>
  );
}

/** A filter that is typed, and asked for by Enter or when it is left. */
function Typed({ label, value, onValue }: { label: string; value: string; onValue: (value: string) => void }) {
  return (
    <input
      key={value}
      className="input mono"
      aria-label={label}
      placeholder={label}
      defaultValue={value}
      maxLength={64}
      onBlur={(event) => event.target.value.trim() !== value && onValue(event.target.value.trim())}
      onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
    />
  );
}

function Entry({ event, onSearch }: { event: AuditEvent; onSearch: OnSearch }) {
  const changed = differences(event.before as Row, event.after as Row);
  const actor = useAuthorName(event.actor);
  return (
    <li className="sheet pad">
      <details>
        <summary className="row">
          <strong>{event.action}</strong>
          <code className="small cut">{event.target}</code>
          <span className="grow" />
          <span className="small">{actor}</span>
          <time className="small muted" dateTime={event.at}>
            {dateTime(event.at)}
          </time>
        </summary>
        <div className="stack-s section">
          <span className="small">
            {t("audit.by", { actor })} <code className="muted">{event.actor}</code>{" "}
            {event.address && <code>{event.address}</code>} <code className="muted">{event.request_id}</code>
          </span>
          <div className="row">
            <Button onClick={() => onSearch({ actor: event.actor })}>{t("trail.onlyActor")}</Button>
            <Button onClick={() => onSearch({ action: event.action })}>{t("trail.onlyAction")}</Button>
            {event.target && (
              <Button onClick={() => onSearch({ target: event.target })}>{t("trail.onlyTarget")}</Button>
            )}
          </div>
          {changed.map(([name, old, now]) => (
            <div key={name} className="small">
              <b>{name}</b> <del className="muted">{written(old)}</del> → {written(now)}
            </div>
          ))}
        </div>
      </details>
    </li>
  );
}
