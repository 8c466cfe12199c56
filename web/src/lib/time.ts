/** Periods that the explorer knows by name. */
export const PRESETS = ["today", "7d", "30d", "90d", "year"] as const;
export type Preset = (typeof PRESETS)[number];

export interface Period {
  from: string;
  to: string;
}

const DAYS: Record<Exclude<Preset, "today" | "year">, number> = { "7d": 7, "30d": 30, "90d": 90 };

/** The moments that a named period runs between: whole days of the zone up to and with today. */
export function periodOf(preset: Preset, zone: string, now = Temporal.Now.instant()): Period {
  const local = now.toZonedDateTimeISO(zone);
  const tomorrow = local.startOfDay().add({ days: 1 });
  const start = () => {
    if (preset === "today") return local.startOfDay();
    if (preset === "year") return local.with({ month: 1, day: 1 }).startOfDay();
    return local.startOfDay().subtract({ days: DAYS[preset] - 1 });
  };
  return { from: start().toInstant().toString(), to: tomorrow.toInstant().toString() };
}

/** The period of the same days before it, or after it. */
export function moved(period: Period, zone: string, direction: -1 | 1): Period {
  const from = Temporal.Instant.from(period.from).toZonedDateTimeISO(zone);
  const to = Temporal.Instant.from(period.to).toZonedDateTimeISO(zone);
  const days = Math.max(1, Math.round(from.until(to, { largestUnit: "hours" }).hours / 24));
  const by = { days: days * direction };
  return { from: from.add(by).toInstant().toString(), to: to.add(by).toInstant().toString() };
}

/** How long the buckets of a period are, so that there are neither too few nor too many. */
export function intervalOf(period: Period): "hour" | "day" | "week" | "month" {
  const hours = (Date.parse(period.to) - Date.parse(period.from)) / 3_600_000;
  if (hours <= 24 * 3) return "hour";
  if (hours <= 24 * 120) return "day";
  return hours <= 24 * 800 ? "week" : "month";
}

/** A moment as `datetime-local` fields of a zone have it. */
export function localOf(time: string, zone: string): string {
  if (!time) return "";
  return Temporal.Instant.from(time).toZonedDateTimeISO(zone).toPlainDateTime().toString({ smallestUnit: "minute" });
}

export function instantOf(local: string, zone: string): string {
  if (!local) return "";
  return Temporal.PlainDateTime.from(local).toZonedDateTime(zone).toInstant().toString();
}

/** The day that a moment is on in a zone, as `date` fields have it. */
export const dayOf = (time: string, zone: string) =>
  Temporal.Instant.from(time).toZonedDateTimeISO(zone).toPlainDate().toString();

export const dayAfter = (day: string) => Temporal.PlainDate.from(day).add({ days: 1 }).toString();

/** The moment at which a day begins in a zone, which need not be midnight. */
export const startOf = (day: string, zone: string) =>
  Temporal.PlainDate.from(day).toZonedDateTime(zone).toInstant().toString();
