import { t } from "../i18n";
import "../i18n/late";
import { readCondition } from "./Chips";
import { useValueNames } from "./click-names";
import { FILTERS, type Filter } from "./clicks-search";
import { date } from "./format";
import { myZone } from "./preferences";

const isFilter = (name: string): name is Filter => FILTERS.some((filter) => filter === name);

/** Which clicks a query string of `/v1` is about, in words. */
export function FiltersSaid({ filters }: { filters: string }) {
  const names = useValueNames();
  const query = new URLSearchParams(filters);
  const [from, to] = [query.get("from"), query.get("to")];
  const zone = myZone();
  const said = from && to ? [`${date(from, zone)} – ${date(Date.parse(to) - 1, zone)}, ${zone}`] : [];
  for (const [name, value] of query) {
    if (isFilter(name)) {
      const { how, name: what } = readCondition(name, value, names);
      said.push(`${t(`dimension.${name}`)} ${t(`analytics.${how}`)} ${what}`);
    } else if (name === "include") said.push(t("analytics.withBots"));
    else if (!from || !to || (name !== "from" && name !== "to")) said.push(`${name}=${value}`);
  }
  return <span className="small anywhere">{said.length > 0 ? said.join(" · ") : t("which.all")}</span>;
}
