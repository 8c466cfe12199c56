import type { BreakdownRow } from "../../api/types";
import { t } from "../../i18n";
import { type Filter, written } from "../../lib/clicks-search";
import { number, percent } from "../../lib/format";

interface Properties {
  dimension: Filter;
  rows: BreakdownRow[];
  total: number;
  chosen: string[];
  /** The condition on the value that was chosen, as `/v1` writes it. */
  onCondition: (condition: string) => void;
  nameOf: (dimension: Filter, value: string | null) => string;
}

/** Values with their clicks; choosing one filters by it, or with Alt leaves it out. */
export function Values({ dimension, rows, total, chosen, onCondition, nameOf }: Properties) {
  const highest = Math.max(1, ...rows.map((row) => row.clicks));
  const condition = (value: string, excluded = false) => written({ excluded, part: false, value });
  return (
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
            <span className="cut">{nameOf(dimension, row.value ?? null)}</span>
            <span className="number">{number(row.clicks)}</span>
            <span className="number muted share">{percent(total === 0 ? 0 : row.clicks / total)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
