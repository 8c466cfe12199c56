import type { Link } from "../api/types";
import { t } from "../i18n";
import "../i18n/late";
import { dateTime, number } from "./format";

type Use = NonNullable<Link["budget_use"]>;

/** How much of a click budget is used, in words. */
export function budgetText({ used, left, period_end }: Use): string {
  const all = t("budget.use", { used: number(used), all: number(used + left) });
  const when = dateTime(period_end);
  return `${all}. ${left > 0 ? t("budget.left", { left: number(left), when }) : t("budget.over", { when })}`;
}
