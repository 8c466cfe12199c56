import { useQuery } from "@tanstack/react-query";
import { Link as To, useNavigate, useSearch } from "@tanstack/react-router";
import { ChartLine, Pause, Play } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { api, body } from "../../api/client";
import type { Click, Live } from "../../api/types";
import { Button } from "../../design/Button";
import { Failure, Skeleton } from "../../design/Failure";
import { t } from "../../i18n";
import { Chips } from "../../lib/Chips";
import { useValueNames } from "../../lib/click-names";
import { type Filter, toggled, whichQueryOf, written } from "../../lib/clicks-search";
import { dateTime, number, relative } from "../../lib/format";
import { leftOut } from "../../lib/left-out";
import { useShortcuts } from "../../lib/shortcuts";
import { useTitle } from "../../lib/title";
import { useWorkspace } from "../../lib/workspace";
import { useLive, type Way } from "./useLive";

/** How often «3 seconds ago» is written anew, in milliseconds. */
const TOLD_EVERY = 5_000;

/** The clicks of the last half hour as they come. */
export default function LivePage() {
  const workspace = useWorkspace();
  const search = useSearch({ from: "/signed-in/w/$workspace/live" });
  const navigate = useNavigate({ from: "/w/$workspace/live" });
  const live = useLive(workspace.id, whichQueryOf(search).toString());
  const names = useValueNames();
  const [paused, setPaused] = useState(false);
  // A list that somebody points at does not move away under them.
  const [touched, setTouched] = useState(false);
  const shown = useRef(live.clicks);
  if (!paused && !touched) shown.current = live.clicks;
  const waiting = live.clicks.filter((click) => !shown.current.includes(click)).length;
  const total = live.minutes.reduce((sum, minute) => sum + minute.clicks, 0);
  const isThere = live.minutes.length > 0;
  useTitle(isThere ? `${number(total)} · ${t("nav.live")}` : t("nav.live"), workspace.name);
  useShortcuts({ " ": () => setPaused(!paused) });
  useTick();
  return (
    <>
      <div className="page-head">
        <div className="row">
          <h1>{t("nav.live")}</h1>
          <span role="status">
            <WayBadge way={live.way} />
          </span>
        </div>
        <div className="row">
          <To
            className="button"
            to="/w/$workspace/analytics"
            params={{ workspace: workspace.slug }}
            search={{ ...search, period: "today" }}
          >
            <ChartLine aria-hidden="true" />
            {t("nav.analytics")}
          </To>
          <Button
            aria-pressed={paused}
            icon={paused ? <Play aria-hidden="true" /> : <Pause aria-hidden="true" />}
            keys={t("live.space")}
            onClick={() => setPaused(!paused)}
          >
            {paused ? t("live.resume") : t("live.pause")}
          </Button>
        </div>
      </div>
      <div className="stack">
        <Chips search={search} onSearch={(next) => void navigate({ search: next })} names={names} />
        {live.problem && <Failure error={live.problem} />}
        {!isThere && !live.problem && <Skeleton count={5} />}
        {isThere && <Minutes live={live} total={total} isOld={live.way === "away"} />}
        {isThere && waiting > 0 && (
          <p className="small muted" role="status">
            {t("live.waiting", { count: waiting })}
          </p>
        )}
        {isThere && shown.current.length === 0 && <Nothing which={whichQueryOf(search).toString()} />}
        {shown.current.length > 0 && (
          <ul
            className="sheet clicks"
            onPointerEnter={() => setTouched(true)}
            onPointerLeave={() => setTouched(false)}
            onFocus={() => setTouched(true)}
            onBlur={() => setTouched(false)}
          >
            {shown.current.map((click) => (
              <Row
                key={click.id}
                click={click}
                slug={workspace.slug}
                names={names}
                onCondition={(filter, condition) => void navigate({ search: toggled(search, filter, condition) })}
              />
            ))}
          </ul>
        )}
      </div>
    </>
  );
}

function useTick(): void {
  const [, setCount] = useState(0);
  useEffect(() => {
    const timer = window.setInterval(() => setCount((count) => count + 1), TOLD_EVERY);
    return () => window.clearInterval(timer);
  }, []);
}

const LOOKS = { stream: "good", asking: "warn", away: "bad" } as const;

/** How clicks come, in words. */
function WayBadge({ way }: { way: Way }) {
  if (way === "opening") return null;
  return (
    <span className="badge" data-look={LOOKS[way]} title={t(`live.${way}Text`)}>
      {t(`live.${way}`)}
    </span>
  );
}

function Minutes({ live, total, isOld }: { live: Live; total: number; isOld: boolean }) {
  const { minutes, left_out } = live;
  const highest = Math.max(1, ...minutes.map((minute) => minute.clicks));
  return (
    <section className="sheet pad stack-s" aria-label={t("live.minutes")} data-stale={isOld || undefined}>
      <div className="row">
        <span className="figure">{number(total)}</span>
        <span className="muted">{t("live.minutes")}</span>
        {/* A server of the version before does not tell. */}
        {left_out && leftOut(left_out) > 0 && (
          <span className="muted">
            {t("analytics.leftOut")}: {number(leftOut(left_out))}
          </span>
        )}
      </div>
      <div className="minutes" aria-hidden="true">
        {minutes.map((minute) => (
          <span
            className="minute"
            key={minute.start}
            title={`${dateTime(minute.start)}: ${number(minute.clicks)}`}
            style={{ height: `${(minute.clicks / highest) * 100}%` }}
          />
        ))}
      </div>
    </section>
  );
}

/** Nothing in half an hour, and when there was something. */
function Nothing({ which }: { which: string }) {
  const workspace_id = useWorkspace().id;
  const last = useQuery({
    queryKey: ["last-click", workspace_id, which],
    queryFn: () =>
      body(
        api.GET("/v1/workspaces/{workspace_id}/analytics/events", {
          params: { path: { workspace_id } },
          querySerializer: () => `limit=1&${which}`,
        }),
      ),
  });
  const at = last.data?.data[0]?.at;
  return (
    <div className="sheet empty">
      <p>{t("live.none")}</p>
      {at && (
        <p className="muted" title={dateTime(at)}>
          {t("live.last", { when: relative(at) })}
        </p>
      )}
    </div>
  );
}

const SHOWN = ["country", "device", "browser", "referrer"] as const satisfies Filter[];

interface RowProperties {
  click: Click;
  slug: string;
  names: (dimension: Filter, value: string | null) => string;
  onCondition: (filter: Filter, condition: string) => void;
}

/** A click; choosing what is known of it shows only such clicks, with Alt all others. */
function Row({ click, slug, names, onCondition }: RowProperties) {
  return (
    <li className="row">
      <time className="small muted" dateTime={click.at} title={dateTime(click.at)}>
        {relative(click.at)}
      </time>
      {click.link_id ? (
        <To className="mono cut" to="/w/$workspace/links/$link" params={{ workspace: slug, link: click.link_id }}>
          /{click.slug}
        </To>
      ) : (
        <span className="mono cut">/{click.slug}</span>
      )}
      <span className="grow" />
      <span className="row small values">
        {SHOWN.filter((filter) => click[filter] || filter === "referrer").map((filter) => (
          <button
            key={filter}
            type="button"
            title={t("analytics.choose")}
            onClick={(event) =>
              onCondition(filter, written({ excluded: event.altKey, part: false, value: click[filter] ?? "" }))
            }
          >
            {names(filter, click[filter] ?? null)}
          </button>
        ))}
      </span>
    </li>
  );
}
