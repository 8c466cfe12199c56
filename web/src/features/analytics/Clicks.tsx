import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link as To, useNavigate } from "@tanstack/react-router";
import { Activity, CalendarClock, Download, FileDown, Share2, Table2, Terminal } from "lucide-react";
import { lazy, useState } from "react";
import * as v from "valibot";
import { bff } from "../../api/client";
import type { Breakdown, Part, Summary, Timeseries } from "../../api/types";
import { Button } from "../../design/Button";
import { copyText } from "../../design/Copy";
import { Failure, Skeleton } from "../../design/Failure";
import { t } from "../../i18n";
import "../../i18n/late";
import { Chips } from "../../lib/Chips";
import { useValueNames } from "../../lib/click-names";
import { ClicksSearch, FILTERS, type Filter, queryOf, spanOf, toggled, whichOf } from "../../lib/clicks-search";
import { date, number, percent } from "../../lib/format";
import { Later } from "../../lib/Later";
import { leftOut } from "../../lib/left-out";
import { OwnPeriod } from "../../lib/OwnPeriod";
import { myZone } from "../../lib/preferences";
import { useShortcuts } from "../../lib/shortcuts";
import { moved, PRESETS } from "../../lib/time";
import { say } from "../../lib/toasts";
import { queryTextOf, Views, valuesOf } from "../../lib/views";
import { mayEdit, useRole, useWorkspace } from "../../lib/workspace";
import { Chart, when } from "./Chart";
import { Hours } from "./Hours";
import { Panel } from "./Panel";
import { PartFailure } from "./PartFailure";
import { Refused, reasonAmong } from "./Refused";

const WorldMap = lazy(() => import("./WorldMap"));
const ShareDialog = lazy(() => import("./ShareDialog"));

interface Parts {
  parts: { summary: Part<Summary>; timeseries: Part<Timeseries> } & Partial<Record<Filter, Part<Breakdown>>>;
}

interface Properties {
  search: ClicksSearch;
  onSearch: (search: ClicksSearch) => void;
  /** The one link whose clicks are shown; all of the workspace without it. */
  link?: string;
  /** What these clicks are called when they are shared. */
  title: string;
}

/** What a saved view says; nothing of one that this page does not understand. */
function searchOf(text: string): ClicksSearch {
  const read = v.safeParse(ClicksSearch, valuesOf(text, FILTERS));
  return read.success ? read.output : {};
}

const PLACES = ["country", "region", "city"] as const;
const SOURCES = ["referrer", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"] as const;
const PROGRAMS = ["device", "os", "browser", "language"] as const;
const WHAT = ["link", "domain", "tag", "qr"] as const;
const WHAT_OF_ONE = ["rule", "variant", "qr"] as const;

/** Clicks, asked about by clicking. All that is chosen is in the address. */
export function Clicks({ search, onSearch, link, title }: Properties) {
  const workspace = useWorkspace();
  const zone = search.zone ?? myZone();
  const filters = link ? { ...search, link: [link] } : search;
  const tabs = {
    where: search.where ?? "country",
    source: search.source ?? "referrer",
    program: search.program ?? "device",
    what: search.what ?? (link ? "rule" : "link"),
  };
  const names = useValueNames();
  const navigate = useNavigate();
  const query = queryOf(filters, zone);
  const asked = new URLSearchParams(query);
  const needed = new Set<string>(Object.values(tabs));
  if (tabs.where !== "country") needed.add("country");
  asked.set("parts", [...needed].join(","));
  const answer = useQuery({
    queryKey: ["clicks", workspace.id, asked.toString()],
    placeholderData: keepPreviousData,
    queryFn: () => bff<Parts>(`/bff/workspaces/${workspace.id}/analytics?${asked}`),
  });
  const change = (part: Partial<ClicksSearch>) => onSearch({ ...search, ...part });
  const toggle = (filter: Filter) => (condition: string) => onSearch(toggled(search, filter, condition));
  const shift = (direction: -1 | 1) => change({ ...moved(spanOf(search, zone), zone, direction), period: undefined });
  useShortcuts({
    ...Object.fromEntries(
      PRESETS.map((period, index) => [
        String(index + 1),
        () => change({ period, from: undefined, to: undefined, interval: undefined }),
      ]),
    ),
    arrowleft: () => shift(-1),
    arrowright: () => shift(1),
    "0": () => {
      const { from, to } = spanOf(search, zone);
      change({ from, to, period: undefined });
    },
    l: () =>
      void navigate({ to: "/w/$workspace/live", params: { workspace: workspace.slug }, search: whichOf(filters) }),
    x: () => change({ compare: !search.compare }),
    v: () => change({ table: !search.table }),
  });

  const askAgain = () => void answer.refetch();
  if (answer.isError && !answer.data) return <Failure error={answer.error} onRetry={askAgain} />;
  const parts = answer.data?.parts;
  const summary = parts?.summary.body;
  const total = summary?.clicks ?? 0;
  const reason = reasonAmong(Object.values(parts ?? {}).map((part) => part.problem?.code));
  const panel = (title: string, list: readonly Filter[], name: keyof typeof tabs) => (
    <Panel
      title={title}
      tabs={list}
      tab={tabs[name]}
      onTab={(tab) => change({ [name]: tab })}
      part={parts?.[tabs[name]]}
      onRetry={askAgain}
      query={query}
      total={total}
      chosen={search[tabs[name]] ?? []}
      onCondition={toggle(tabs[name])}
      nameOf={names}
    />
  );
  return (
    <div className="stack" data-stale={answer.isPlaceholderData || undefined}>
      <Bar
        search={search}
        zone={zone}
        onSearch={onSearch}
        query={query}
        names={names}
        isLink={link !== undefined}
        title={title}
      />
      {answer.isError && <Failure error={answer.error} onRetry={askAgain} />}
      {answer.isPending ? <Skeleton count={5} height={64} /> : null}
      {parts && (
        <>
          {reason && <Refused reason={reason} search={search} zone={zone} onSearch={onSearch} />}
          <Figures part={parts.summary} onRetry={askAgain} />
          <section className="sheet pad stack-s" aria-label={t("analytics.overTime")}>
            <div className="row apart">
              <h2>{t("analytics.overTime")}</h2>
              <div className="row small">
                <span className="legend" data-line="1">
                  {t("analytics.clicks")}
                </span>
                <span className="legend" data-line="2">
                  {t("analytics.visitors")}
                </span>
                {search.compare && (
                  <span className="legend" data-line="3">
                    {t("analytics.before")}
                  </span>
                )}
              </div>
            </div>
            <PartFailure part={parts.timeseries} onRetry={askAgain} />
            {parts.timeseries.body &&
              (search.table ? (
                <SeriesTable series={parts.timeseries.body} zone={zone} />
              ) : (
                <Chart
                  series={parts.timeseries.body}
                  zone={zone}
                  height={240}
                  onSpan={(from, to) => change({ from, to, period: undefined, interval: undefined })}
                />
              ))}
          </section>
          {summary && total === 0 ? (
            <Nothing search={search} onSearch={onSearch} />
          ) : (
            <div className="panels">
              <section className="sheet pad stack-s wide-panel" aria-label={t("analytics.whereTitle")}>
                <h2>{t("analytics.whereTitle")}</h2>
                <PartFailure part={parts.country} onRetry={askAgain} />
                {parts.country?.body && (
                  <Later fallback={<Skeleton height={300} />}>
                    <WorldMap rows={parts.country.body.data} onCountry={toggle("country")} />
                  </Later>
                )}
              </section>
              {panel(t("analytics.places"), PLACES, "where")}
              {panel(link ? t("analytics.rules") : t("analytics.what"), link ? WHAT_OF_ONE : WHAT, "what")}
              {panel(t("analytics.sources"), SOURCES, "source")}
              {panel(t("analytics.programs"), PROGRAMS, "program")}
              <Hours query={query} />
            </div>
          )}
        </>
      )}
    </div>
  );
}

interface BarProperties {
  search: ClicksSearch;
  zone: string;
  onSearch: (search: ClicksSearch) => void;
  query: URLSearchParams;
  names: (dimension: Filter, value: string | null) => string;
  isLink: boolean;
  title: string;
}

/** Which clicks a query is about, without their period. */
function filtersOf(query: URLSearchParams): string {
  const filters = new URLSearchParams(query);
  for (const name of ["from", "to", "interval", "time_zone", "compare"]) filters.delete(name);
  return filters.toString();
}

function Bar({ search, zone, onSearch, query, names, isLink, title }: BarProperties) {
  const [sharing, setSharing] = useState(false);
  const canShare = mayEdit(useRole());
  const workspace = useWorkspace();
  const change = (part: Partial<ClicksSearch>) => onSearch({ ...search, ...part });
  const span = spanOf(search, zone);
  const about = isLink ? { ...search, link: query.getAll("link") } : search;
  const address = `/v1/workspaces/${workspace.id}/analytics`;
  const report = new URLSearchParams(query);
  for (const name of ["interval", "time_zone", "compare"]) report.delete(name);
  const curl = `curl -H "Authorization: Bearer $ELIDO_TOKEN" '${location.origin}${address}/timeseries?${query}'`;
  return (
    <div className="bar-sticky stack-s">
      <div className="row">
        <select
          className="input pick"
          aria-label={t("analytics.period")}
          value={search.from ? "own" : (search.period ?? "30d")}
          onChange={(event) => {
            const { value } = event.target;
            if (value === "own") change({ from: span.from, to: span.to, period: undefined });
            else
              change({
                period: value as NonNullable<ClicksSearch["period"]>,
                from: undefined,
                to: undefined,
                interval: undefined,
              });
          }}
        >
          {PRESETS.map((period) => (
            <option key={period} value={period}>
              {t(`period.${period}`)}
            </option>
          ))}
          <option value="own">{t("period.own")}</option>
        </select>
        {search.from && (
          <OwnPeriod
            from={span.from}
            to={span.to}
            zone={zone}
            onPeriod={(period) => change({ ...period, interval: undefined })}
          />
        )}
        <span className="small muted">
          {date(span.from, zone)} – {date(Date.parse(span.to) - 1, zone)} · {zone}
        </span>
        <span className="grow" />
        <select
          className="input pick"
          aria-label={t("analytics.interval")}
          value={span.interval}
          onChange={(event) => change({ interval: event.target.value as typeof span.interval })}
        >
          {(["hour", "day", "week", "month"] as const).map((interval) => (
            <option key={interval} value={interval}>
              {t(`interval.${interval}`)}
            </option>
          ))}
        </select>
        <Button
          aria-pressed={search.compare ?? false}
          keys="X"
          onClick={() => change({ compare: search.compare ? undefined : true })}
        >
          {t("analytics.compare")}
        </Button>
        <Button aria-pressed={search.bots ?? false} onClick={() => change({ bots: search.bots ? undefined : true })}>
          {t("analytics.withBots")}
        </Button>
        <Button
          aria-pressed={search.table ?? false}
          icon={<Table2 aria-hidden="true" />}
          label={t("analytics.table")}
          onClick={() => change({ table: search.table ? undefined : true })}
        />
        <Button
          icon={<Terminal aria-hidden="true" />}
          label={t("analytics.curl")}
          onClick={() => void copyText(curl).then((copied) => copied && say(t("common.copied")))}
        />
        <To className="button" to="/w/$workspace/live" params={{ workspace: workspace.slug }} search={whichOf(about)}>
          <Activity aria-hidden="true" />
          {t("nav.live")}
        </To>
        <a className="button" href={`${address}/export?format=csv&${report}`} download>
          <Download aria-hidden="true" />
          CSV
        </a>
        <To
          className="button"
          to="/w/$workspace/exports"
          params={{ workspace: workspace.slug }}
          search={{ ...whichOf(about), period: search.period, from: search.from, to: search.to, zone: search.zone }}
        >
          <FileDown aria-hidden="true" />
          {t("exports.toFile")}
        </To>
        {canShare && (
          <To
            className="button"
            to="/w/$workspace/reports"
            params={{ workspace: workspace.slug }}
            search={{ ...whichOf(about), add: true }}
          >
            <CalendarClock aria-hidden="true" />
            {t("reports.toReport")}
          </To>
        )}
        {!isLink && <Views page="analytics" query={queryTextOf(search)} onQuery={(text) => onSearch(searchOf(text))} />}
        {canShare && (
          <Button icon={<Share2 aria-hidden="true" />} onClick={() => setSharing(true)}>
            {t("shares.share")}
          </Button>
        )}
        {sharing && (
          <Later>
            <ShareDialog name={title} filters={filtersOf(query)} onClose={() => setSharing(false)} />
          </Later>
        )}
      </div>
      <Chips search={search} onSearch={onSearch} names={names} hidden={isLink ? "link" : undefined} />
    </div>
  );
}

function Figures({ part, onRetry }: { part: Part<Summary>; onRetry: () => void }) {
  if (part.problem) return <PartFailure part={part} onRetry={onRetry} />;
  const summary = part.body;
  if (!summary) return null;
  return (
    <dl className="figures">
      <Figure name={t("analytics.clicks")} value={summary.clicks} before={summary.previous?.clicks} />
      <Figure name={t("analytics.visitors")} value={summary.visitors} before={summary.previous?.visitors} />
      <Figure name={t("analytics.leftOut")} value={leftOut(summary.left_out)} before={undefined} />
    </dl>
  );
}

function Figure({ name, value, before }: { name: string; value: number; before: number | undefined }) {
  const share = before === undefined || before === 0 ? undefined : (value - before) / before;
  return (
    <div>
      <dt className="small muted">{name}</dt>
      <dd>
        <span className="figure">{number(value)}</span>
        {before !== undefined && (
          <span className="small" data-trend={share === undefined ? undefined : share < 0 ? "down" : "up"}>
            {share === undefined ? "" : `${share < 0 ? "▼" : "▲"} ${percent(Math.abs(share))} · `}
            {t("analytics.was", { value: number(before) })}
          </span>
        )}
      </dd>
    </div>
  );
}

function SeriesTable({ series, zone }: { series: Timeseries; zone: string }) {
  return (
    <section className="table-frame series-table" tabIndex={0} aria-label={t("analytics.table")}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t("analytics.time")}</th>
            <th scope="col" className="number">
              {t("analytics.clicks")}
            </th>
            <th scope="col" className="number">
              {t("analytics.visitors")}
            </th>
          </tr>
        </thead>
        <tbody>
          {series.data.map((point) => (
            <tr key={point.start}>
              <td>{when(point.start, series.interval, zone)}</td>
              <td className="number">{number(point.clicks)}</td>
              <td className="number">{number(point.visitors)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Nothing({ search, onSearch }: { search: ClicksSearch; onSearch: (search: ClicksSearch) => void }) {
  return (
    <div className="sheet empty">
      <p>{t("analytics.noClicks")}</p>
      {search.period !== "year" && (
        <Button
          onClick={() => onSearch({ ...search, period: "year", from: undefined, to: undefined, interval: undefined })}
        >
          {t("analytics.wholeYear")}
        </Button>
      )}
    </div>
  );
}
