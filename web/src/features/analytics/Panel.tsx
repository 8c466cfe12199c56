import type { Breakdown, Part } from "../../api/types";
import { Failure } from "../../design/Failure";
import { t } from "../../i18n";
import { type Filter, written } from "../../lib/clicks-search";
import { number, percent } from "../../lib/format";

interface Properties {
  title: string;
  tabs: readonly Filter[];
  tab: Filter;
  onTab: (tab: Filter) => void;
  part: Part<Breakdown> | undefined;
  total: number;
  chosen: string[];
  /** The condition on the value that was chosen, as `/v1` writes it. */
  onCondition: (condition: string) => void;
  nameOf: (dimension: Filter, value: string | null) => string;
}

/** The values of a dimension with their clicks; choosing one filters by it, or with Alt leaves it out. Rows and the rest are all there is. */
export function Panel({ title, tabs, tab, onTab, part, total, chosen, onCondition, nameOf }: Properties) {
  const rows = part?.body?.data ?? [];
  const highest = Math.max(1, ...rows.map((row) => row.clicks));
  const other = part?.body?.other;
  const condition = (value: string, excluded = false) => written({ excluded, part: false, value });
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
      {part?.problem && <Failure error={new Error(part.problem.detail)} />}
      {part?.body && rows.length === 0 && <p className="muted">{t("analytics.nothing")}</p>}
      <ul className="bars">
        {rows.map((row) => (
          <li key={row.value ?? ""}>
            <button
              type="button"
              aria-pressed={chosen.includes(condition(row.value ?? ""))}
              title={t("analytics.choose")}
              onClick={(event) => onCondition(condition(row.value ?? "", event.altKey))}
            >
              <span className="bar" style={{ width: `${(row.clicks / highest) * 100}%` }} aria-hidden="true" />
              <span className="cut">{nameOf(tab, row.value ?? null)}</span>
              <span className="number">{number(row.clicks)}</span>
              <span className="number muted share">{percent(total === 0 ? 0 : row.clicks / total)}</span>
            </button>
          </li>
        ))}
      </ul>
      {other && other.clicks > 0 && (
        <p className="small muted">{t("analytics.others", { count: other.values, clicks: number(other.clicks) })}</p>
      )}
    </section>
  );
}
