import { locale, t } from "../i18n";
import { myZone } from "./preferences";

const kept = new Map<string, unknown>();

/** A formatter of `Intl` is dear to make and cheap to keep. */
function keep<Kind>(key: string, make: () => Kind): Kind {
  const whole = `${locale()} ${key}`;
  if (!kept.has(whole)) kept.set(whole, make());
  return kept.get(whole) as Kind;
}

export const number = (value: number) => keep("number", () => new Intl.NumberFormat(locale())).format(value);

export const percent = (share: number) =>
  keep("percent", () => new Intl.NumberFormat(locale(), { style: "percent", maximumFractionDigits: 1 })).format(share);

export function date(time: string | number, zone = myZone()): string {
  const options: Intl.DateTimeFormatOptions = { timeZone: zone, day: "numeric", month: "short", year: "numeric" };
  return keep(`date ${zone}`, () => new Intl.DateTimeFormat(locale(), options)).format(new Date(time));
}

export function dateTime(time: string | number, zone = myZone()): string {
  const options: Intl.DateTimeFormatOptions = { timeZone: zone, dateStyle: "medium", timeStyle: "short" };
  return keep(`time ${zone}`, () => new Intl.DateTimeFormat(locale(), options)).format(new Date(time));
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** How long ago, or in how long. */
export function relative(time: string | number, now = Date.now()): string {
  const seconds = (new Date(time).getTime() - now) / 1000;
  const format = keep("relative", () => new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }));
  const step = STEPS.find(([, length]) => Math.abs(seconds) >= length);
  return step ? format.format(Math.trunc(seconds / step[1]), step[0]) : format.format(0, "second");
}

/** The name of a country; of one that `Intl` does not know, its code. */
export function country(code: string | null): string {
  if (!code) return t("analytics.unknown");
  try {
    return keep("country", () => new Intl.DisplayNames(locale(), { type: "region" })).of(code) ?? code;
  } catch {
    return code;
  }
}

export function languageName(code: string | null): string {
  if (!code) return t("analytics.unknown");
  try {
    return keep("language", () => new Intl.DisplayNames(locale(), { type: "language" })).of(code) ?? code;
  } catch {
    return code;
  }
}
