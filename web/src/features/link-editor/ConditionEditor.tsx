import { Trash2 } from "lucide-react";
import type { Condition, Rule } from "../../api/types";
import { Button } from "../../design/Button";
import { Check, Choice, Field } from "../../design/Field";
import { t } from "../../i18n";
import { country } from "../../lib/format";
import { myZone } from "../../lib/preferences";
import { DAYS, DEVICES, KINDS, type Kind, newCondition } from "./rules";
import { ValueList } from "./ValueList";

interface Properties {
  rule: Rule;
  onRule: (rule: Rule) => void;
  errors: Map<string, string>;
  pointer: string;
}

/** When a rule holds: all of its conditions do. */
export function ConditionEditor({ rule, onRule, errors, pointer }: Properties) {
  const conditions = rule.conditions ?? [];
  const change = (place: number, condition: Condition) =>
    onRule({ ...rule, conditions: conditions.map((old, index) => (index === place ? condition : old)) });
  return (
    <div className="stack">
      <Field
        label={t("rules.name")}
        value={rule.name}
        onValue={(name) => onRule({ ...rule, name })}
        error={errors.get(`${pointer}/name`)}
      />
      {conditions.length === 0 && <p className="small muted">{t("rules.always")}</p>}
      {conditions.map((condition, index) => (
        <fieldset key={index} className="condition">
          <legend className="visually-hidden">{t(`condition.${condition.type}`)}</legend>
          <div className="row">
            <strong className="grow">{t(`condition.${condition.type}`)}</strong>
            <select
              className="input pick"
              aria-label={t("rules.isOrNot")}
              value={condition.negate ? "not" : "is"}
              onChange={(event) => change(index, { ...condition, negate: event.target.value === "not" })}
            >
              <option value="is">{t("rules.is")}</option>
              <option value="not">{t("rules.isNot")}</option>
            </select>
            <Button
              look="plain"
              icon={<Trash2 aria-hidden="true" />}
              label={t("common.remove", { what: t(`condition.${condition.type}`) })}
              onClick={() => onRule({ ...rule, conditions: conditions.filter((_, place) => place !== index) })}
            />
          </div>
          <Values condition={condition} onCondition={(next) => change(index, next)} />
        </fieldset>
      ))}
      <select
        className="input pick"
        aria-label={t("rules.addCondition")}
        value=""
        onChange={(event) =>
          onRule({ ...rule, conditions: [...conditions, newCondition(event.target.value as Kind, myZone())] })
        }
      >
        <option value="" disabled>
          {t("rules.addCondition")}
        </option>
        {KINDS.map((kind) => (
          <option key={kind} value={kind}>
            {t(`condition.${kind}`)}
          </option>
        ))}
      </select>
    </div>
  );
}

const SUGGESTED: Partial<Record<Kind, string[]>> = {
  os: ["Windows", "Mac OS X", "iOS", "Android", "Linux", "Chrome OS"],
  browsers: ["Chrome", "Chrome Mobile", "Safari", "Mobile Safari", "Firefox", "Edge", "Opera", "Samsung Internet"],
  languages: ["en", "de", "uk", "fr", "es", "it", "pl", "pt", "nl", "cs"],
};

function Values({ condition, onCondition }: { condition: Condition; onCondition: (condition: Condition) => void }) {
  switch (condition.type) {
    case "bots":
      return null;
    case "user_agent":
      return (
        <Field
          label={t("rules.pattern")}
          value={condition.pattern}
          onValue={(pattern) => onCondition({ ...condition, pattern })}
          hint={t("rules.patternHint")}
          mono
        />
      );
    case "devices":
      return (
        <div className="row">
          {DEVICES.map((device) => (
            <Check
              key={device}
              label={t(`device.${device}`)}
              checked={condition.any_of.includes(device)}
              onChecked={(on) =>
                onCondition({
                  ...condition,
                  any_of: on ? [...condition.any_of, device] : condition.any_of.filter((other) => other !== device),
                })
              }
            />
          ))}
        </div>
      );
    case "time_windows":
      return <Windows condition={condition} onCondition={onCondition} />;
    case "countries":
      return (
        <ValueList
          kind="countries"
          values={condition.any_of}
          onValues={(any_of) => onCondition({ ...condition, any_of: any_of as typeof condition.any_of })}
          nameOf={country}
        />
      );
    default:
      return (
        <ValueList
          kind={condition.type}
          values={condition.any_of}
          onValues={(any_of) => onCondition({ ...condition, any_of } as Condition)}
          suggested={SUGGESTED[condition.type] ?? []}
        />
      );
  }
}

type TimeWindows = Extract<Condition, { type: "time_windows" }>;

function Windows({ condition, onCondition }: { condition: TimeWindows; onCondition: (condition: Condition) => void }) {
  const window = condition.any_of[0] ?? {};
  const set = (change: Partial<typeof window>) =>
    onCondition({ ...condition, any_of: [{ ...window, ...change }, ...condition.any_of.slice(1)] });
  const days = window.days ?? [];
  return (
    <div className="stack-s">
      <div className="row">
        {DAYS.map((day) => (
          <Check
            key={day}
            label={t(`days.${day}`)}
            checked={days.includes(day)}
            onChecked={(on) => set({ days: DAYS.filter((other) => (other === day ? on : days.includes(other))) })}
          />
        ))}
      </div>
      <div className="two">
        <Field
          label={t("rules.from")}
          type="time"
          value={window.from ?? ""}
          onValue={(from) => set({ from: from || null })}
        />
        <Field
          label={t("rules.until")}
          type="time"
          value={window.until ?? ""}
          onValue={(until) => set({ until: until || null })}
        />
        <Choice
          label={t("rules.zone")}
          value={condition.time_zone ?? "UTC"}
          onValue={(time_zone) => onCondition({ ...condition, time_zone })}
          options={[...new Set([condition.time_zone ?? "UTC", ...Intl.supportedValuesOf("timeZone"), "UTC"])].map(
            (zone) => [zone, zone],
          )}
        />
      </div>
      {condition.any_of.length > 1 && (
        <p className="small muted">{t("rules.moreWindows", { count: condition.any_of.length - 1 })}</p>
      )}
    </div>
  );
}
