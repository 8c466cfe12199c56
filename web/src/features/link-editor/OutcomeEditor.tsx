import { Equal, Plus, Split, Trash2 } from "lucide-react";
import type { Outcome, Rule } from "../../api/types";
import { Button } from "../../design/Button";
import { Field } from "../../design/Field";
import { t } from "../../i18n";
import { percent } from "../../lib/format";
import { shares, split } from "./rules";

interface Properties {
  rule: Rule;
  onRule: (rule: Rule) => void;
  errors: Map<string, string>;
  pointer: string;
}

/** Where visitors of a rule go: to one address, or to several in proportion to their weights. */
export function OutcomeEditor({ rule, onRule, errors, pointer }: Properties) {
  const { outcome } = rule;
  const set = (next: Outcome) => onRule({ ...rule, outcome: next });
  if (outcome.type === "destination") {
    return (
      <div className="stack-s">
        <Field
          label={t("rules.goTo")}
          value={outcome.destination_url}
          onValue={(destination_url) => set({ ...outcome, destination_url })}
          error={errors.get(`${pointer}/destination_url`)}
          inputMode="url"
        />
        <div className="row">
          <Button icon={<Split aria-hidden="true" />} onClick={() => set(split(outcome))}>
            {t("rules.split")}
          </Button>
        </div>
      </div>
    );
  }
  const { variants } = outcome;
  const parts = shares(variants.map((variant) => variant.weight));
  const change = (place: number, next: Partial<(typeof variants)[number]>) =>
    set({
      ...outcome,
      variants: variants.map((variant, index) => (index === place ? { ...variant, ...next } : variant)),
    });
  return (
    <div className="stack-s">
      {variants.map((variant, index) => (
        <div key={index} className="variant">
          <Field
            label={t("rules.variant")}
            value={variant.name}
            onValue={(name) => change(index, { name })}
            error={errors.get(`${pointer}/variants/${index}/name`)}
          />
          <Field
            label={t("rules.weight")}
            value={String(variant.weight)}
            onValue={(text) => change(index, { weight: Math.min(10_000, Number(text.replaceAll(/\D/g, ""))) })}
            inputMode="numeric"
            hint={percent(parts[index] ?? 0)}
          />
          <Field
            label={t("rules.goTo")}
            value={variant.destination_url}
            onValue={(destination_url) => change(index, { destination_url })}
            error={errors.get(`${pointer}/variants/${index}/destination_url`)}
            inputMode="url"
          />
          <Button
            look="plain"
            icon={<Trash2 aria-hidden="true" />}
            label={t("common.remove", { what: variant.name })}
            onClick={() => set({ ...outcome, variants: variants.filter((_, place) => place !== index) })}
            disabled={variants.length === 1}
          />
        </div>
      ))}
      <div className="row">
        <Button
          icon={<Plus aria-hidden="true" />}
          onClick={() =>
            set({
              ...outcome,
              variants: [
                ...variants,
                { name: String.fromCharCode(65 + variants.length), weight: 50, destination_url: "" },
              ],
            })
          }
          disabled={variants.length >= 20}
        >
          {t("rules.addVariant")}
        </Button>
        <Button
          icon={<Equal aria-hidden="true" />}
          onClick={() => set({ ...outcome, variants: variants.map((variant) => ({ ...variant, weight: 1 })) })}
        >
          {t("rules.equalise")}
        </Button>
        <Button
          look="plain"
          onClick={() => set({ type: "destination", destination_url: variants[0]?.destination_url ?? "" })}
        >
          {t("rules.one")}
        </Button>
      </div>
    </div>
  );
}
