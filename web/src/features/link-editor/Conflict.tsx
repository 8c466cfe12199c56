import { useState } from "react";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { t } from "../../i18n";
import { changes } from "../../lib/draft";
import type { Form } from "./form";

interface Properties {
  base: Form;
  mine: Form;
  theirs: Form;
  onClose: () => void;
  onChoose: (value: Form) => void;
}

type Name = keyof Form;

function written(value: Form[Name]): string {
  if (typeof value === "string") return value || "–";
  return JSON.stringify(value);
}

/** Somebody else saved meanwhile: every field that differs is shown with what it was, what they made of it and what you did. */
export function Conflict({ base, mine, theirs, onClose, onChoose }: Properties) {
  const own = Object.keys(changes(base, mine)) as Name[];
  const other = Object.keys(changes(base, theirs)) as Name[];
  const fields = [...new Set([...own, ...other])];
  const [chosen, setChosen] = useState<Record<string, "mine" | "theirs">>({});
  const choice = (name: Name) => chosen[name] ?? (own.includes(name) ? "mine" : "theirs");
  const choose = () => {
    const value = { ...theirs };
    for (const name of fields) if (choice(name) === "mine") Object.assign(value, { [name]: mine[name] });
    onChoose(value);
  };
  return (
    <Dialog open onClose={onClose} title={t("conflict.title")} wide>
      <p>{t("conflict.text")}</p>
      {fields.map((name) => (
        <fieldset key={name} className="stack-s">
          <legend className="label">{name}</legend>
          <span className="small muted">
            {t("conflict.before")} <code>{written(base[name])}</code>
          </span>
          {(["mine", "theirs"] as const).map((side) => (
            <label key={side} className="check">
              <input
                type="radio"
                name={name}
                checked={choice(name) === side}
                onChange={() => setChosen({ ...chosen, [name]: side })}
              />
              <span>
                {t(`conflict.${side}`)} <code>{written(side === "mine" ? mine[name] : theirs[name])}</code>
              </span>
            </label>
          ))}
        </fieldset>
      ))}
      <div className="row">
        <Button look="main" onClick={choose}>
          {t("conflict.choose")}
        </Button>
        <Button onClick={onClose}>{t("common.cancel")}</Button>
      </div>
    </Dialog>
  );
}
