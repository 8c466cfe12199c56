import type { BudgetPeriod, Link } from "../../api/types";
import { Choice, Field } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { budgetText } from "../../lib/budget";
import { myZone } from "../../lib/preferences";
import { EMPTY, type Form } from "./form";

type Budget = Form["click_budget"];

interface Properties {
  value: Budget;
  onValue: (value: Budget) => void;
  errors: Map<string, string>;
  use: Link["budget_use"];
}

/** How many clicks a link answers in every period, and how many of the present one are used. */
export function BudgetFields({ value, onValue, errors, use }: Properties) {
  const set = (change: Partial<Budget>) => {
    const next = { ...value, time_zone: value.time_zone || myZone(), ...change };
    onValue(next.clicks === "" ? EMPTY.click_budget : next);
  };
  return (
    <>
      <Field
        label={t("budget.clicks")}
        value={value.clicks}
        onValue={(text) => set({ clicks: text.replaceAll(/\D/g, "") })}
        error={errors.get("/click_budget/clicks") ?? errors.get("/click_budget")}
        hint={use ? budgetText(use) : t("budget.clicksHint")}
        inputMode="numeric"
      />
      {value.clicks !== "" && (
        <>
          <Choice
            label={t("budget.period")}
            value={value.period}
            onValue={(period) => set({ period: period as BudgetPeriod })}
            options={(["day", "week", "month"] as const).map((period) => [period, t(`budget.${period}`)])}
            error={errors.get("/click_budget/period")}
          />
          <Field
            label={t("rules.zone")}
            value={value.time_zone}
            onValue={(time_zone) => set({ time_zone })}
            error={errors.get("/click_budget/time_zone")}
            mono
          />
        </>
      )}
    </>
  );
}
