import * as v from "valibot";
import { intervalOf, PRESETS, periodOf } from "./time";

/** What clicks are filtered by, by the names that `/v1` has. */
export const FILTERS = [
  "link",
  "domain",
  "tag",
  "country",
  "region",
  "city",
  "referrer",
  "utm_source",
  "utm_medium",
  "utm_campaign",
  "utm_term",
  "utm_content",
  "device",
  "os",
  "browser",
  "language",
  "rule",
  "variant",
  "qr",
] as const;
export type Filter = (typeof FILTERS)[number];

const values = v.optional(v.array(v.string()));

/** A view of clicks: all of it is in the address. */
export const ClicksSearch = v.object({
  period: v.optional(v.picklist(PRESETS)),
  from: v.optional(v.string()),
  to: v.optional(v.string()),
  zone: v.optional(v.string()),
  interval: v.optional(v.picklist(["hour", "day", "week", "month"])),
  compare: v.optional(v.boolean()),
  bots: v.optional(v.boolean()),
  table: v.optional(v.boolean()),
  where: v.optional(v.picklist(["country", "region", "city"])),
  source: v.optional(v.picklist(["referrer", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"])),
  program: v.optional(v.picklist(["device", "os", "browser", "language"])),
  what: v.optional(v.picklist(["link", "domain", "tag", "rule", "variant", "qr"])),
  ...(Object.fromEntries(FILTERS.map((name) => [name, values])) as Record<Filter, typeof values>),
});
export type ClicksSearch = v.InferOutput<typeof ClicksSearch>;

/** Which clicks are meant, without their period and how they are shown. */
export const WhichClicks = v.object({
  bots: ClicksSearch.entries.bots,
  ...(Object.fromEntries(FILTERS.map((name) => [name, values])) as Record<Filter, typeof values>),
});
export type WhichClicks = v.InferOutput<typeof WhichClicks>;

/** The page of reports, where one may be set up about these clicks. */
export const NewReport = v.object({ ...WhichClicks.entries, add: v.optional(v.boolean()) });

/** That part of a view. */
export function whichOf(search: ClicksSearch): WhichClicks {
  return Object.fromEntries(["bots" as const, ...FILTERS].map((name) => [name, search[name]])) as WhichClicks;
}

export type Interval = NonNullable<ClicksSearch["interval"]>;

/** The moments and buckets that a view stands for. */
export function spanOf(search: ClicksSearch, zone: string): { from: string; to: string; interval: Interval } {
  const own = search.from && search.to ? { from: search.from, to: search.to } : undefined;
  const period = own ?? periodOf(search.period ?? "30d", zone);
  return { ...period, interval: search.interval ?? intervalOf(period) };
}

/** The same view as a query of `/v1`. */
export function queryOf(search: ClicksSearch, zone: string): URLSearchParams {
  const { from, to, interval } = spanOf(search, zone);
  const query = new URLSearchParams({ from, to, interval, time_zone: zone });
  if (search.compare) query.set("compare", "previous");
  for (const [name, value] of whichQueryOf(search)) query.append(name, value);
  return query;
}

/** Which clicks are meant, as a query of `/v1`. */
export function whichQueryOf(search: WhichClicks): URLSearchParams {
  const query = new URLSearchParams(search.bots ? { include: "bots,previews" } : {});
  for (const filter of FILTERS) for (const value of search[filter] ?? []) query.append(filter, value);
  return query;
}

/** What a filter asks for, apart from its dimension. */
export interface Condition {
  /** Clicks that have it are left out. */
  excluded: boolean;
  /** The value is a part of what clicks have. */
  part: boolean;
  value: string;
}

/** A condition as `/v1` writes it: `!` leaves out, `~` asks for a part, and a value that begins like them has `\\` before it. */
export function written({ excluded, part, value }: Condition): string {
  return `${excluded ? "!" : ""}${part ? "~" : ""}${/^[!~\\]/.test(value) ? "\\" : ""}${value}`;
}

/** The condition that `/v1` reads in a text. */
export function conditionOf(text: string): Condition {
  const [, not = "", part = "", value = ""] = /^(!?)(~?)(?:\\(?=[!~\\]))?(.*)$/s.exec(text) ?? [];
  return { excluded: not !== "", part: part !== "", value };
}

/** The view with a condition put in, as `/v1` writes it, or taken out where it is in. What it contradicts goes. */
export function toggled<Search extends WhichClicks>(search: Search, filter: Filter, text: string): Search {
  const before = search[filter] ?? [];
  const after = before.includes(text)
    ? before.filter((other) => other !== text)
    : [...before.filter((other) => other !== opposite(text)), text];
  return { ...search, [filter]: after.length > 0 ? after : undefined };
}

/** What leaves out what this asks for, and the other way round. */
export function opposite(text: string): string {
  return text.startsWith("!") ? text.slice(1) : `!${text}`;
}
