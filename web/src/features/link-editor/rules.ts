import type { Condition, Outcome, Rule } from "../../api/types";
import { t } from "../../i18n";
import { country, languageName } from "../../lib/format";

export const KINDS = [
  "countries",
  "regions",
  "devices",
  "os",
  "browsers",
  "languages",
  "time_windows",
  "referrer_hosts",
  "user_agent",
  "query",
  "bots",
] as const satisfies Condition["type"][];
export type Kind = (typeof KINDS)[number];

export const DEVICES = ["desktop", "mobile", "tablet", "tv", "other"] as const;
export const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

/** A condition of a kind that holds for somebody. */
export function newCondition(kind: Kind, zone: string): Condition {
  switch (kind) {
    case "bots":
      return { type: "bots", negate: false };
    case "user_agent":
      return { type: "user_agent", pattern: "", negate: false };
    case "time_windows": {
      const window = { days: [...DAYS.slice(0, 5)], from: "09:00", until: "18:00" };
      return { type: "time_windows", any_of: [window], time_zone: zone, negate: false };
    }
    default:
      return { type: kind, any_of: [], negate: false } as Condition;
  }
}

/** What a condition looks at, as people write it. */
export function valuesOf(condition: Condition): string[] {
  switch (condition.type) {
    case "bots":
      return [];
    case "user_agent":
      return [condition.pattern];
    case "time_windows":
      return condition.any_of.map((window) => {
        const days = (window.days ?? []).map((day) => t(`days.${day}`)).join(" ");
        const hours = window.from || window.until ? `${window.from ?? "00:00"}–${window.until ?? "24:00"}` : "";
        const dates =
          window.first_date || window.last_date ? `${window.first_date ?? "…"} – ${window.last_date ?? "…"}` : "";
        return [days, hours, dates].filter(Boolean).join(" ");
      });
    case "countries":
      return condition.any_of.map((code) => country(code));
    case "languages":
      return condition.any_of.map((code) => languageName(code));
    case "devices":
      return condition.any_of.map((device) => t(`device.${device}`));
    default:
      return condition.any_of;
  }
}

/** The values of a condition as they are typed, one after another. */
export function typedValues(text: string, kind: Kind): string[] {
  const values = text
    .split(/[,\n]/)
    .map((value) => value.trim())
    .filter(Boolean);
  if (kind === "countries" || kind === "regions") return values.map((value) => value.toUpperCase());
  return values;
}

export function newRule(rules: Rule[]): Rule {
  const names = new Set(rules.map((rule) => rule.name));
  let count = rules.length + 1;
  while (names.has(t("rules.rule", { number: count }))) count += 1;
  return {
    name: t("rules.rule", { number: count }),
    conditions: [],
    outcome: { type: "destination", destination_url: "" },
  };
}

/** A/B of what an outcome is now. */
export function split(outcome: Outcome): Outcome {
  const first = outcome.type === "destination" ? outcome.destination_url : "";
  return {
    type: "split",
    variants: [
      { name: "A", weight: 50, destination_url: first },
      { name: "B", weight: 50, destination_url: "" },
    ],
  };
}

/** The share of each variant, from 0 to 1. */
export function shares(weights: number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => (total === 0 ? 0 : weight / total));
}

/** The rules with the one at a place moved. */
export function movedRule(rules: Rule[], from: number, by: -1 | 1): Rule[] {
  const to = from + by;
  const [one, other] = [rules[from], rules[to]];
  if (!one || !other) return rules;
  const next = [...rules];
  next[from] = other;
  next[to] = one;
  return next;
}

/** Whether nobody can come as far as the rules behind this one. */
export function catchesAll(rule: Rule): boolean {
  return (rule.conditions ?? []).length === 0;
}
