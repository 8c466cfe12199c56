import { X } from "lucide-react";
import { useId, useState } from "react";
import { t } from "../../i18n";
import { COUNTRIES } from "../../lib/countries";
import { type Kind, typedValues } from "./rules";

interface Properties {
  kind: Kind;
  values: string[];
  onValues: (values: string[]) => void;
  nameOf?: (value: string) => string;
  suggested?: string[];
}

/** Any of several values; a country is found by its name or its code. */
export function ValueList({ kind, values, onValues, nameOf, suggested = [] }: Properties) {
  const id = useId();
  const [text, setText] = useState("");
  const isCountry = kind === "countries";
  const options = isCountry
    ? COUNTRIES.map((code): [string, string] => [code, nameOf?.(code) ?? code])
    : suggested.map((name): [string, string] => [name, name]);
  const codeOf = (typed: string) =>
    options.find(([, name]) => name.toLowerCase() === typed.toLowerCase())?.[0] ?? typedValues(typed, kind)[0];
  const add = (typed: string) => {
    const found = typed
      .split(",")
      .flatMap((part) => codeOf(part.trim()) ?? [])
      .filter((value) => !isCountry || COUNTRIES.includes(value));
    const fresh = found.filter((value) => !values.includes(value));
    if (fresh.length > 0) onValues([...values, ...new Set(fresh)]);
    if (found.length > 0) setText("");
  };
  return (
    <div className="row">
      {values.map((value) => (
        <span className="chip" key={value}>
          {nameOf ? nameOf(value) : value}
          <button
            type="button"
            aria-label={t("common.remove", { what: value })}
            onClick={() => onValues(values.filter((other) => other !== value))}
          >
            <X aria-hidden="true" />
          </button>
        </span>
      ))}
      <input
        className="input tag-input"
        aria-label={t("rules.addValue")}
        placeholder={t(`example.${kind}` as "example.countries")}
        list={`${id}-options`}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          // Choosing from the list fills in a whole name at once.
          if (options.some(([, name]) => name === event.target.value)) add(event.target.value);
        }}
        onBlur={() => add(text)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
          event.preventDefault();
          add(text);
        }}
      />
      <datalist id={`${id}-options`}>
        {options.map(([value, name]) => (
          <option key={value} value={name} />
        ))}
      </datalist>
    </div>
  );
}
