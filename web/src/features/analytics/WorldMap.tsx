import { geoNaturalEarth1, geoPath } from "d3-geo";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import type { BreakdownRow } from "../../api/types";
import { t } from "../../i18n";
import { country, number } from "../../lib/format";
import world from "../../map/world.json";

const WIDTH = 720;
const HEIGHT = 350;
const STEPS = 5;

const topology = world as unknown as Topology<{ countries: GeometryCollection }>;
const shapes = feature(topology, topology.objects.countries).features;
const projection = geoNaturalEarth1().fitSize([WIDTH, HEIGHT], { type: "FeatureCollection", features: shapes });
const path = geoPath(projection).digits(1);
const drawn = shapes.map((shape) => ({
  code: shape.id === undefined ? "" : String(shape.id),
  d: path(shape) ?? "",
  size: path.area(shape),
  at: path.centroid(shape),
}));
/** Smaller shapes are shown as rings, which can be seen and hit. */
const SMALL = 12;

interface Properties {
  rows: BreakdownRow[];
  onCountry: (code: string) => void;
}

/** Where clicks come from, at a glance. The table beside it says the same for everybody. */
export default function WorldMap({ rows, onCountry }: Properties) {
  const clicks = new Map(rows.flatMap((row) => (row.value ? [[row.value, row.clicks] as const] : [])));
  const highest = Math.max(1, ...clicks.values());
  const step = (code: string) => {
    const count = clicks.get(code) ?? 0;
    return count === 0 ? 0 : Math.max(1, Math.ceil((count / highest) * STEPS));
  };
  const title = (code: string) => `${country(code)}: ${number(clicks.get(code) ?? 0)}`;
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className="map" role="img" aria-label={t("analytics.map")}>
      {drawn.map((shape, index) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the table beside the map does the same for everybody
        <path
          key={index}
          d={shape.d}
          fill={`var(--heat-${step(shape.code)})`}
          onClick={() => clicks.has(shape.code) && onCountry(shape.code)}
          data-on={clicks.has(shape.code) || undefined}
        >
          {shape.code && <title>{title(shape.code)}</title>}
        </path>
      ))}
      {drawn
        .filter((shape) => shape.size < SMALL && clicks.has(shape.code))
        .map((shape) => (
          <circle
            key={shape.code}
            cx={shape.at[0]}
            cy={shape.at[1]}
            r={5}
            fill="none"
            stroke={`var(--heat-${Math.max(3, step(shape.code))})`}
            strokeWidth={2}
          >
            <title>{title(shape.code)}</title>
          </circle>
        ))}
    </svg>
  );
}
