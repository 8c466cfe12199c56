import { keepPreviousData, useInfiniteQuery, useQueries, useQuery } from "@tanstack/react-query";
import { Link as To, useNavigate, useSearch } from "@tanstack/react-router";
import { Plus, Trash2, X } from "lucide-react";
import { useDeferredValue, useEffect, useRef, useState } from "react";
import * as v from "valibot";
import type { Link } from "../../api/types";
import { Button } from "../../design/Button";
import { Failure, Skeleton } from "../../design/Failure";
import { t } from "../../i18n";
import { FreezeNote } from "../../lib/FreezeNote";
import { Later } from "../../lib/Later";
import { LinksSearch } from "../../lib/links-search";
import { myZone, usePreferences } from "../../lib/preferences";
import { useQuiet } from "../../lib/quiet";
import { useShortcuts } from "../../lib/shortcuts";
import { useTitle } from "../../lib/title";
import { queryTextOf, Views, valuesOf } from "../../lib/views";
import { mayEdit, useHome, useRole, useWorkspace } from "../../lib/workspace";
import { BulkBar } from "./BulkBar";
import { BulkReports } from "./BulkReports";
import { Columns } from "./Columns";
import { MatchingDialog } from "./dialogs";
import { LinkList } from "./LinkList";
import { countQuery, filterOf, linksQuery, sparklinesQuery } from "./requests";

const FROM = "/signed-in/w/$workspace/links";

export default function LinksPage() {
  const workspace = useWorkspace();
  const filters = useSearch({ from: FROM });
  const navigate = useNavigate({ from: "/w/$workspace/links" });
  const [selected, setSelected] = useState<Set<string>>(new Set());
  const search = useRef<HTMLInputElement>(null);
  const canEdit = mayEdit(useRole());
  useTitle(t("nav.links"), workspace.name);

  const wanted = useDeferredValue(filters);
  const query = useInfiniteQuery({ ...linksQuery(workspace.id, wanted), placeholderData: keepPreviousData });
  // The rows come first.
  const isThere = useQuiet(query.isSuccess);
  const count = useQuery({
    ...countQuery(workspace.id, wanted),
    placeholderData: keepPreviousData,
    enabled: isThere,
  });
  const [matching, setMatching] = useState(false);
  const links = query.data?.pages.flatMap((page) => page.data) ?? [];
  const sparklines = useSparklines(isThere ? (query.data?.pages.map((page) => page.data) ?? []) : []);
  const chosen = links.filter((link) => selected.has(link.id));
  const set = (change: Partial<LinksSearch>) => {
    setSelected(new Set());
    void navigate({ search: (old) => clean({ ...old, ...change }), replace: true });
  };
  const active = Object.keys(filters).filter((name) => name !== "sort");
  useShortcuts({
    "/": () => search.current?.focus(),
    "mod+a": () => setSelected(new Set(links.map((link) => link.id))),
    escape: () => {
      if (selected.size > 0) setSelected(new Set());
      else if (active.length > 0) set({ [active.at(-1) ?? ""]: undefined });
    },
  });

  return (
    <>
      <div className="page-head">
        <h1>{t("nav.links")}</h1>
        {canEdit && (
          <To className="button" data-look="main" to="/w/$workspace/links/new" params={{ workspace: workspace.slug }}>
            <Plus aria-hidden="true" />
            {t("links.new")}
            <kbd aria-hidden="true">C</kbd>
          </To>
        )}
      </div>
      <Filters filters={filters} set={set} searchField={search} />
      {chosen.length > 0 ? (
        <BulkBar links={chosen} onDone={() => setSelected(new Set())} />
      ) : (
        <div className="row apart list-count">
          <p className="small muted" role="status">
            {count.data && t("links.count", { count: count.data.links })}
          </p>
          <div className="row">
            <Views
              page="links"
              query={queryTextOf(filters)}
              onQuery={(text) => void navigate({ search: searchOf(text) })}
            />
            <To className="button" data-look="plain" to="/w/$workspace/bin" params={{ workspace: workspace.slug }}>
              <Trash2 aria-hidden="true" />
              {t("bin.title")}
            </To>
            <Columns />
          </div>
        </div>
      )}
      {chosen.length > 0 && chosen.length === links.length && (count.data?.links ?? 0) > links.length && canEdit && (
        <p className="row matching">
          <Button onClick={() => setMatching(true)}>{t("matching.all", { count: count.data?.links ?? 0 })}</Button>
        </p>
      )}
      {matching && (
        <Later>
          <MatchingDialog
            filter={filterOf(filters)}
            onClose={() => {
              setMatching(false);
              setSelected(new Set());
            }}
          />
        </Later>
      )}
      <BulkReports />
      {query.isSuccess && <FreezeNote folder={filters.folder ?? null} />}
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton count={8} />}
      {query.data &&
        (links.length === 0 ? (
          <Empty filters={filters} clear={() => set(NOTHING)} canEdit={canEdit} />
        ) : (
          <LinkList
            links={links}
            sparklines={sparklines}
            selected={selected}
            setSelected={setSelected}
            canEdit={canEdit}
            stale={query.isPlaceholderData}
            more={query.hasNextPage && !query.isFetchingNextPage ? () => void query.fetchNextPage() : undefined}
            onTag={(tag) => set({ tag })}
          />
        ))}
    </>
  );
}

/** The clicks of the links by day, a question for each page that was loaded. */
function useSparklines(pages: Link[][]): Map<string, number[]> {
  const workspace = useWorkspace().id;
  const { columns } = usePreferences();
  const wanted = columns.includes("clicks") ? pages.filter((page) => page.length > 0) : [];
  return useQueries({
    queries: wanted.map((page) =>
      sparklinesQuery(
        workspace,
        page.map((link) => link.id),
        myZone(),
      ),
    ),
    combine: together,
  });
}

const together = (answers: { data: Map<string, number[]> | undefined }[]) =>
  new Map(answers.flatMap(({ data }) => [...(data ?? [])]));

/** What a saved view says; nothing of one that this page does not understand. */
function searchOf(text: string): LinksSearch {
  const read = v.safeParse(LinksSearch, valuesOf(text, []));
  return read.success ? read.output : {};
}

const NOTHING: Partial<LinksSearch> = {
  search: undefined,
  domain: undefined,
  tag: undefined,
  folder: undefined,
  archived: undefined,
};

function clean(search: Partial<Record<keyof LinksSearch, unknown>>): LinksSearch {
  return Object.fromEntries(
    Object.entries(search).filter(([, value]) => value !== undefined && value !== ""),
  ) as LinksSearch;
}

interface FilterProperties {
  filters: LinksSearch;
  set: (change: Partial<LinksSearch>) => void;
  searchField: React.RefObject<HTMLInputElement | null>;
}

function Filters({ filters, set, searchField }: FilterProperties) {
  const home = useHome();
  const [text, setText] = useState(filters.search ?? "");
  const latest = useRef(set);
  latest.current = set;
  // What the address says, and what was last put there from the field: where they differ, the address was changed by something else.
  const asked = filters.search ?? "";
  const sent = useRef(asked);
  useEffect(() => {
    if (asked === sent.current) return;
    sent.current = asked;
    setText(asked);
  }, [asked]);
  useEffect(() => {
    if (text.trim() === sent.current) return;
    const timer = window.setTimeout(() => {
      sent.current = text.trim();
      latest.current({ search: text.trim() || undefined });
    }, 200);
    return () => window.clearTimeout(timer);
  }, [text]);

  const domains = home?.domains.body?.data ?? [];
  const folders = home?.folders.body?.data ?? [];
  const tags = home?.tags.body?.data ?? [];
  const folderName = folders.find((folder) => folder.id === filters.folder)?.name ?? t("links.noFolder");
  const chips: [keyof LinksSearch, string][] = [];
  if (filters.domain) chips.push(["domain", filters.domain]);
  if (filters.tag) chips.push(["tag", `#${filters.tag}`]);
  if (filters.folder) chips.push(["folder", folderName]);
  if (filters.archived !== undefined)
    chips.push(["archived", filters.archived ? t("links.onlyArchived") : t("links.withoutArchived")]);
  return (
    <div className="filters">
      <input
        ref={searchField}
        type="search"
        className="input"
        aria-label={t("links.search")}
        placeholder={t("links.search")}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
      />
      <Pick
        label={t("links.domain")}
        options={domains.map((domain) => [domain.hostname, domain.display_name])}
        onPick={(domain) => set({ domain })}
      />
      <Pick label={t("links.tag")} options={tags.map((tag) => [tag.name, tag.name])} onPick={(tag) => set({ tag })} />
      {folders.length > 0 && (
        <Pick
          label={t("links.folder")}
          options={folders.map((folder) => [folder.id, folder.name])}
          onPick={(folder) => set({ folder })}
        />
      )}
      <Pick
        label={t("links.state")}
        options={[
          ["false", t("links.withoutArchived")],
          ["true", t("links.onlyArchived")],
        ]}
        onPick={(value) => set({ archived: value === "true" })}
      />
      <select
        className="input pick"
        aria-label={t("links.sort")}
        value={filters.sort ?? "-created_at"}
        onChange={(event) => set({ sort: event.target.value as NonNullable<LinksSearch["sort"]> })}
      >
        <option value="-created_at">{t("links.newest")}</option>
        <option value="created_at">{t("links.oldest")}</option>
        <option value="-updated_at">{t("links.changedLast")}</option>
      </select>
      {chips.length > 0 && (
        <div className="row chips">
          {chips.map(([name, label]) => (
            <span className="chip" key={name}>
              {label}
              <button
                type="button"
                aria-label={t("common.remove", { what: label })}
                onClick={() => set({ [name]: undefined })}
              >
                <X aria-hidden="true" />
              </button>
            </span>
          ))}
          <Button look="plain" onClick={() => set(NOTHING)}>
            {t("common.reset")}
          </Button>
        </div>
      )}
    </div>
  );
}

function Pick({
  label,
  options,
  onPick,
}: {
  label: string;
  options: [string, string][];
  onPick: (value: string) => void;
}) {
  if (options.length === 0) return null;
  return (
    <select className="input pick" aria-label={label} value="" onChange={(event) => onPick(event.target.value)}>
      <option value="" disabled>
        {label}
      </option>
      {options.map(([value, text]) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </select>
  );
}

function Empty({ filters, clear, canEdit }: { filters: LinksSearch; clear: () => void; canEdit: boolean }) {
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const [destination, setDestination] = useState("");
  const isFiltered = Object.keys(clean({ ...filters, sort: undefined })).length > 0;
  if (isFiltered) {
    return (
      <div className="sheet empty">
        <p>{t("links.noMatch")}</p>
        <Button onClick={clear}>{t("links.clear")}</Button>
      </div>
    );
  }
  const begin = () =>
    void navigate({ to: "/w/$workspace/links/new", params: { workspace: workspace.slug }, search: { destination } });
  return (
    <div className="sheet empty">
      <h2>{t("links.none")}</h2>
      {canEdit ? (
        <form
          className="row paste"
          onSubmit={(event) => {
            event.preventDefault();
            begin();
          }}
        >
          <input
            className="input grow"
            aria-label={t("links.pasteHere")}
            placeholder={t("links.pasteHere")}
            type="url"
            value={destination}
            onChange={(event) => setDestination(event.target.value)}
          />
          <Button look="main" type="submit">
            {t("links.shorten")}
          </Button>
        </form>
      ) : (
        <p>{t("links.askEditor")}</p>
      )}
    </div>
  );
}

export type { Link };
