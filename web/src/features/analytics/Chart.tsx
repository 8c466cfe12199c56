import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import type { Timeseries } from "../../api/types";
import { locale, t } from "../../i18n";
import { date, dateTime, number } from "../../lib/format";
import { useIsDark } from "../../lib/preferences";

interface Properties {
  series: Timeseries;
  zone: string;
  height: number;
  /** Whoever chooses a bucket, or drags over several, wants their time; without it nothing can be chosen. */
  onSpan?: (from: string, to: string) => void;
}

const token = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** A colour as the canvas understands it, which knows no `light-dark()`. */
function colour(name: string): string {
  const probe = document.createElement("span");
  probe.style.color = token(name) ? `var(${name})` : "currentcolor";
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** Clicks and visitors over time. The canvas is for eyes; the same is told in a sentence, at the cursor and as a table. */
export function Chart({ series, zone, height, onSpan }: Properties) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [place, setPlace] = useState<number>();
  const isDark = useIsDark();
  const points = series.data;
  const choose = useRef((_first: number, _last: number) => {});
  choose.current = (first, last) => {
    const [from, to] = [points[first]?.start, points[last + 1]?.start ?? series.to];
    // The smallest bucket is an hour: there is nothing within it.
    if (onSpan && from && (series.interval !== "hour" || last > first)) onSpan(from, to);
  };
  const canChoose = onSpan !== undefined;
  const previous = series.previous?.data;

  // biome-ignore lint/correctness/useExhaustiveDependencies: colours are those of the theme
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const font = `13px ${token("--text")}`;
    const axis = {
      stroke: colour("--ink-3"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
      font,
    };
    const line = (name: string, label: string, dash?: number[]) => ({
      label,
      stroke: colour(name),
      width: 2,
      ...(dash ? { dash } : {}),
      points: { show: points.length === 1 },
    });
    const data: (number | null)[][] = [
      points.map((point) => Date.parse(point.start) / 1000),
      points.map((point) => point.clicks),
      points.map((point) => point.visitors),
    ];
    const lines: uPlot.Series[] = [
      {},
      { ...line("--series-1", t("analytics.clicks")), fill: colour("--accent-soft") },
      line("--series-2", t("analytics.visitors"), [6, 4]),
    ];
    if (previous) {
      data.push(points.map((_, index) => previous[index]?.clicks ?? null));
      lines.push(line("--ink-3", t("analytics.before"), [2, 3]));
    }
    const options: uPlot.Options = {
      width: element.clientWidth,
      height,
      tzDate: (time) => uPlot.tzDate(new Date(time * 1000), zone),
      legend: { show: false },
      cursor: { drag: { x: canChoose, y: false, setScale: false }, points: { size: 7 } },
      scales: { y: { range: (_, __, max) => [0, Math.max(4, max * 1.05)] } },
      axes: [
        {
          ...axis,
          size: 34,
          grid: { show: false },
          values: (_, times) => times.map((time) => tick(time * 1000, series.interval, zone)),
        },
        {
          ...axis,
          size: 52,
          values: (_, values) => values.map((value) => (Number.isInteger(value) ? number(value) : "")),
        },
      ],
      series: lines,
      hooks: {
        setCursor: [(self) => setPlace(self.cursor.idx ?? undefined)],
        setSelect: [
          ({ select: { left, width }, posToIdx }) => {
            if (width > 0) choose.current(posToIdx(left), posToIdx(left + width));
          },
        ],
      },
    };
    const made = new uPlot(options, data as uPlot.AlignedData, element);
    plot.current = made;
    made.root.setAttribute("aria-hidden", "true");
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [points, previous, series.interval, zone, height, isDark, canChoose]);

  const total = points.reduce((sum, point) => sum + point.clicks, 0);
  const highest = points.reduce((best, point) => (point.clicks > (best?.clicks ?? -1) ? point : best), points[0]);
  const point = place === undefined ? undefined : points[place];
  const move = (to: number) => {
    const next = Math.max(0, Math.min(points.length - 1, to));
    const made = plot.current;
    const time = points[next] ? Date.parse(points[next].start) / 1000 : undefined;
    if (made && time !== undefined) made.setCursor({ left: made.valToPos(time, "x"), top: 0 });
    setPlace(next);
  };
  const keys: Record<string, () => unknown> = {
    ArrowLeft: () => move((place ?? points.length) - 1),
    ArrowRight: () => move((place ?? -1) + 1),
    Home: () => move(0),
    End: () => move(points.length - 1),
    Enter: () => place !== undefined && choose.current(place, place),
  };
  const summary = t("analytics.summary", {
    clicks: number(total),
    highest: number(highest?.clicks ?? 0),
    when: highest ? when(highest.start, series.interval, zone) : "–",
  });
  return (
    <figure className="chart">
      <div
        role="application"
        aria-roledescription={t("analytics.chart")}
        aria-label={summary}
        tabIndex={0}
        ref={frame}
        style={{ height }}
        onDoubleClick={() => place !== undefined && choose.current(place, place)}
        onKeyDown={(event) => {
          const act = keys[event.key];
          if (!act) return;
          event.preventDefault();
          event.stopPropagation();
          act();
        }}
      />
      <figcaption className="row apart small">
        <span className="muted">{summary}</span>
        <span role="status" className="mono">
          {point
            ? `${when(point.start, series.interval, zone)}: ${number(point.clicks)} / ${number(point.visitors)}`
            : ""}
        </span>
      </figcaption>
    </figure>
  );
}

export function when(time: string, interval: Timeseries["interval"], zone: string): string {
  return interval === "hour" || interval === "minute" ? dateTime(time, zone) : date(time, zone);
}

function tick(time: number, interval: Timeseries["interval"], zone: string): string {
  if (interval === "hour" || interval === "minute") {
    const hour = new Intl.DateTimeFormat(locale(), { timeZone: zone, hour: "2-digit", minute: "2-digit" }).format(time);
    return hour.startsWith("00:00") || hour.startsWith("24:00") ? date(time, zone).replace(/,? \d{4}.*$/, "") : hour;
  }
  return date(time, zone).replace(/,? \d{4}.*$/, "");
}
