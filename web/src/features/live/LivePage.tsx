import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link as To } from "@tanstack/react-router";
import { Pause, Play } from "lucide-react";
import { useState } from "react";
import { api, body } from "../../api/client";
import { Button } from "../../design/Button";
import { Failure, Skeleton } from "../../design/Failure";
import { t } from "../../i18n";
import { country, dateTime, number, relative } from "../../lib/format";
import { useShortcuts } from "../../lib/shortcuts";
import { useTitle } from "../../lib/title";
import { useWorkspace } from "../../lib/workspace";

const MINUTES = 30;
const SHOWN = 50;
/** How often it is looked, while the page is seen. */
const EVERY = 2000;

/** The clicks of the last half hour as they come. */
export default function LivePage() {
  const workspace = useWorkspace();
  const [paused, setPaused] = useState(false);
  const path = { workspace_id: workspace.id };
  const query = useQuery({
    queryKey: ["live", workspace.id],
    staleTime: 0,
    refetchInterval: paused ? false : EVERY,
    placeholderData: keepPreviousData,
    queryFn: async () => {
      const from = new Date(Date.now() - MINUTES * 60_000).toISOString();
      const [events, series] = await Promise.all([
        body(
          api.GET("/v1/workspaces/{workspace_id}/analytics/events", {
            params: { path, query: { from, limit: SHOWN } },
          }),
        ),
        body(
          api.GET("/v1/workspaces/{workspace_id}/analytics/timeseries", {
            params: { path, query: { from, interval: "minute" } },
          }),
        ),
      ]);
      return { events: events.data, minutes: series.data };
    },
  });
  const minutes = query.data?.minutes ?? [];
  const total = minutes.reduce((sum, minute) => sum + minute.clicks, 0);
  const highest = Math.max(1, ...minutes.map((minute) => minute.clicks));
  useTitle(query.data ? `${number(total)} · ${t("nav.live")}` : t("nav.live"), workspace.name);
  useShortcuts({ " ": () => setPaused(!paused) });
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.live")}</h1>
        <Button
          aria-pressed={paused}
          icon={paused ? <Play aria-hidden="true" /> : <Pause aria-hidden="true" />}
          keys={t("live.space")}
          onClick={() => setPaused(!paused)}
        >
          {paused ? t("live.resume") : t("live.pause")}
        </Button>
      </div>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton count={5} />}
      {query.data && (
        <div className="stack">
          <section className="sheet pad stack-s" aria-label={t("live.minutes")}>
            <div className="row">
              <span className="figure">{number(total)}</span>
              <span className="muted">{t("live.minutes")}</span>
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
          {query.data.events.length === 0 ? (
            <div className="sheet empty">
              <p>{t("live.none")}</p>
            </div>
          ) : (
            <ul className="sheet clicks">
              {query.data.events.map((event) => (
                <li key={event.id} className="row">
                  <time className="small muted" dateTime={event.at} title={dateTime(event.at)}>
                    {relative(event.at)}
                  </time>
                  {event.link_id ? (
                    <To
                      className="mono cut"
                      to="/w/$workspace/links/$link"
                      params={{ workspace: workspace.slug, link: event.link_id }}
                    >
                      /{event.slug}
                    </To>
                  ) : (
                    <span className="mono cut">/{event.slug}</span>
                  )}
                  <span className="grow" />
                  <span className="small">
                    {[
                      event.country && country(event.country),
                      t(`device.${event.device}`),
                      event.browser,
                      event.referrer || t("analytics.direct"),
                    ]
                      .filter(Boolean)
                      .join(" · ")}
                  </span>
                </li>
              ))}
            </ul>
          )}
        </div>
      )}
    </>
  );
}
