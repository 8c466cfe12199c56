import { ArrowDown, ArrowUp, CopyPlus, Plus, Trash2 } from "lucide-react";
import { useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { Rule } from "../../api/types";
import { Button } from "../../design/Button";
import { t } from "../../i18n";
import type { Draft } from "../../lib/draft";
import { percent } from "../../lib/format";
import { ConditionEditor } from "./ConditionEditor";
import { errorsBelow, type Form } from "./form";
import { OutcomeEditor } from "./OutcomeEditor";
import { catchesAll, movedRule, newRule, shares, valuesOf } from "./rules";

interface Properties {
  draft: Draft<Form>;
  errors: Map<string, string>;
  /** Which rule won when the link was tried; the number of rules for everybody else. */
  wins: number | undefined;
  /** Whether each rule held then. */
  checks: (boolean | undefined)[];
}

/** Who goes where: the first rule whose conditions all hold, and everybody else to the destination. */
export function Rules({ draft, errors, wins, checks }: Properties) {
  const { rules } = draft.value;
  const [open, setOpen] = useState<number>();
  const track = useRef<HTMLOListElement>(null);
  const set = (next: Rule[]) => draft.set({ rules: next });
  const change = (place: number, rule: Rule) => set(rules.map((old, index) => (index === place ? rule : old)));
  const move = (place: number, by: -1 | 1) => {
    if (!rules[place + by]) return;
    // The rule that moves keeps the focus, so that the same keys move it on, however soon they are pressed again.
    flushSync(() => {
      set(movedRule(rules, place, by));
      if (open === place) setOpen(place + by);
    });
    track.current?.children[place + by]?.querySelector<HTMLElement>(".rule-name")?.focus();
  };
  const blocked = rules.findIndex((rule, index) => catchesAll(rule) && index < rules.length - 1);
  return (
    <section className="stack-s" aria-labelledby="rules-title">
      <div className="row apart">
        <h2 id="rules-title">{t("rules.title")}</h2>
        <Button
          icon={<Plus aria-hidden="true" />}
          onClick={() => {
            set([...rules, newRule(rules)]);
            setOpen(rules.length);
          }}
        >
          {t("rules.add")}
        </Button>
      </div>
      {blocked >= 0 && (
        <p className="note" data-look="warn">
          {t("rules.unreachable", { name: rules[blocked]?.name ?? "" })}
        </p>
      )}
      <ol className="track" ref={track}>
        {rules.map((rule, index) => (
          <li
            key={index}
            className="rule sheet"
            data-wins={wins === index || undefined}
            onKeyDown={(event) => {
              if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
              event.preventDefault();
              move(index, event.key === "ArrowUp" ? -1 : 1);
            }}
          >
            <span className="rule-number" aria-hidden="true">
              {index + 1}
            </span>
            <div className="rule-head">
              <button
                type="button"
                className="rule-name"
                aria-expanded={open === index}
                onClick={() => setOpen(open === index ? undefined : index)}
              >
                <strong>{rule.name}</strong>
                <Sentence rule={rule} />
              </button>
              <Verdict wins={wins} check={checks[index]} index={index} />
            </div>
            {open !== index && <Where rule={rule} />}
            {errorsBelow(errors, `/rules/${index}`).map((text) => (
              <span key={text} className="error-text">
                {text}
              </span>
            ))}
            {open === index && (
              <div className="stack">
                <ConditionEditor
                  rule={rule}
                  onRule={(next) => change(index, next)}
                  errors={errors}
                  pointer={`/rules/${index}`}
                />
                <OutcomeEditor
                  rule={rule}
                  onRule={(next) => change(index, next)}
                  errors={errors}
                  pointer={`/rules/${index}/outcome`}
                />
                <div className="row">
                  <Button
                    icon={<ArrowUp aria-hidden="true" />}
                    label={t("rules.up")}
                    disabled={index === 0}
                    onClick={() => move(index, -1)}
                  />
                  <Button
                    icon={<ArrowDown aria-hidden="true" />}
                    label={t("rules.down")}
                    disabled={index === rules.length - 1}
                    onClick={() => move(index, 1)}
                  />
                  <Button
                    icon={<CopyPlus aria-hidden="true" />}
                    onClick={() =>
                      set([
                        ...rules.slice(0, index + 1),
                        { ...rule, name: newRule(rules).name },
                        ...rules.slice(index + 1),
                      ])
                    }
                  >
                    {t("rules.duplicate")}
                  </Button>
                  <Button
                    look="bad"
                    icon={<Trash2 aria-hidden="true" />}
                    onClick={() => {
                      set(rules.filter((_, place) => place !== index));
                      setOpen(undefined);
                    }}
                  >
                    {t("rules.remove")}
                  </Button>
                </div>
              </div>
            )}
          </li>
        ))}
        <li className="rule sheet" data-wins={wins === rules.length || undefined}>
          <span className="rule-number" aria-hidden="true">
            ∗
          </span>
          <div className="rule-head">
            <strong>{rules.length === 0 ? t("rules.everybody") : t("rules.everybodyElse")}</strong>
            {wins === rules.length && <span className="small">{t("rules.wins")}</span>}
          </div>
          <span className="mono cut muted">{draft.value.destination_url || "…"}</span>
        </li>
      </ol>
    </section>
  );
}

function Sentence({ rule }: { rule: Rule }) {
  return (rule.conditions ?? []).map((condition, index) => (
    <span key={index} className="badge">
      {t(`condition.${condition.type}`)} <b>{condition.negate ? t("rules.isNot") : t("rules.is")}</b>
      <b className="cut">{valuesOf(condition).join(", ")}</b>
    </span>
  ));
}

function Verdict({ wins, check, index }: { wins: number | undefined; check: boolean | undefined; index: number }) {
  if (wins === undefined) return null;
  const text =
    wins === index ? t("rules.wins") : index > wins ? t("rules.notAsked") : check === false ? t("rules.no") : "";
  return <span className="small muted">{text}</span>;
}

function Where({ rule }: { rule: Rule }) {
  const { outcome } = rule;
  if (outcome.type === "destination") return <span className="mono cut muted">{outcome.destination_url || "…"}</span>;
  const parts = shares(outcome.variants.map((variant) => variant.weight));
  return (
    <div className="split">
      {outcome.variants.map((variant, index) => (
        <span key={index} className="cut" style={{ flexGrow: Math.max(parts[index] ?? 0, 0.05) }}>
          {variant.name} · {percent(parts[index] ?? 0)} · {variant.destination_url || "…"}
        </span>
      ))}
    </div>
  );
}
