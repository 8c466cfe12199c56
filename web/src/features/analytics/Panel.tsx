import { lazy, useState } from "react";
import type { Breakdown, Part } from "../../api/types";
import { Button } from "../../design/Button";
import { t } from "../../i18n";
import type { Filter } from "../../lib/clicks-search";
import { number } from "../../lib/format";
import { Later } from "../../lib/Later";
import { PartFailure } from "./PartFailure";
import { Values } from "./Values";

const AllValues = lazy(() => import("./AllValues"));

interface Properties {
  title: string;
  tabs: readonly Filter[];
  tab: Filter;
  onTab: (tab: Filter) => void;
  part: Part<Breakdown> | undefined;
  onRetry: () => void;
  /** Which clicks, as a query of `/v1`. */
  query: URLSearchParams;
  total: number;
  chosen: string[];
  /** The condition on the value that was chosen, as `/v1` writes it. */
  onCondition: (condition: string) => void;
  nameOf: (dimension: Filter, value: string | null) => string;
}

/** The values of a dimension that have most clicks. Rows and the rest are all there is. */
export function Panel({
  title,
  tabs,
  tab,
  onTab,
  part,
  onRetry,
  query,
  total,
  chosen,
  onCondition,
  nameOf,
}: Properties) {
  const [all, setAll] = useState(false);
  const rows = part?.body?.data ?? [];
  const other = part?.body?.other;
  const values = { dimension: tab, total, chosen, onCondition, nameOf };
  return (
    <section className="sheet pad panel" aria-label={title}>
      <div className="row apart">
        <h2>{title}</h2>
        {tabs.length > 1 && (
          <select
            className="input pick"
            aria-label={t("analytics.by", { panel: title })}
            value={tab}
            onChange={(event) => onTab(event.target.value as Filter)}
          >
            {tabs.map((name) => (
              <option key={name} value={name}>
                {t(`dimension.${name}`)}
              </option>
            ))}
          </select>
        )}
      </div>
      <PartFailure part={part} onRetry={onRetry} />
      {part?.body && rows.length === 0 && <p className="muted">{t("analytics.nothing")}</p>}
      <Values rows={rows} {...values} />
      {other && other.clicks > 0 && (
        <div className="row apart">
          <p className="small muted">{t("analytics.others", { count: other.values, clicks: number(other.clicks) })}</p>
          <Button
            look="plain"
            onClick={() => setAll(true)}
            aria-label={t("analytics.allOf", { panel: t(`dimension.${tab}`) })}
          >
            {t("analytics.all")}
          </Button>
        </div>
      )}
      {all && (
        <Later>
          <AllValues {...values} query={query} onClose={() => setAll(false)} />
        </Later>
      )}
    </section>
  );
}
