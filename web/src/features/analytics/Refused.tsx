import { Link as To } from "@tanstack/react-router";
import { useBoot } from "../../api/boot";
import { Button } from "../../design/Button";
import { t } from "../../i18n";
import "../../i18n/late";
import { type ClicksSearch, spanOf } from "../../lib/clicks-search";
import { useWorkspace } from "../../lib/workspace";

/** Why the server refuses a question about clicks that it could answer if it were about less. */
const REASONS = ["query_time_limit", "query_click_limit", "query_memory_limit", "too_many_queries"] as const;
export type Reason = (typeof REASONS)[number];

/** The first of these reasons among codes of problems. */
export const reasonAmong = (codes: (string | undefined)[]): Reason | undefined =>
  REASONS.find((reason) => codes.includes(reason));

interface Properties {
  reason: Reason;
  search: ClicksSearch;
  zone: string;
  onSearch: (search: ClicksSearch) => void;
}

/** Why questions were refused, and ways to ask about less. */
export function Refused({ reason, search, zone, onSearch }: Properties) {
  const workspace = useWorkspace();
  const isAdmin = useBoot()?.user?.is_admin;
  const { from, to } = spanOf(search, zone);
  const middle = new Date((Date.parse(from) + Date.parse(to)) / 2).toISOString();
  const halve = () => onSearch({ ...search, from: middle, to, period: undefined, interval: undefined });
  return (
    <section className="note stack-s" data-look="warn" aria-label={t("refused.title")}>
      <strong>{t("refused.title")}</strong>
      <p>{t(`refused.${reason}`)}</p>
      <p>{t("refused.narrow")}</p>
      <div className="row">
        <Button onClick={halve}>{t("refused.half")}</Button>
        {search.compare && (
          <Button onClick={() => onSearch({ ...search, compare: undefined })}>{t("refused.alone")}</Button>
        )}
        {isAdmin && (
          <To className="button" to="/admin/query-limits" search={{ workspace: workspace.id }}>
            {t("refused.limits")}
          </To>
        )}
      </div>
    </section>
  );
}
