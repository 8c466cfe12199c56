import { X } from "lucide-react";
import { useId, useState } from "react";
import { t } from "../../i18n";
import { useHome } from "../../lib/workspace";

interface Properties {
  value: string[];
  onValue: (tags: string[]) => void;
  error?: string | undefined;
}

export function TagField({ value, onValue, error }: Properties) {
  const id = useId();
  const [text, setText] = useState("");
  const known = useHome()?.tags.body?.data ?? [];
  const add = () => {
    const names = text
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "" && !value.includes(name));
    if (names.length > 0) onValue([...value, ...new Set(names)]);
    setText("");
  };
  return (
    <div className="field">
      <label htmlFor={id}>{t("links.tags")}</label>
      <div className="row">
        {value.map((tag) => (
          <span className="chip" key={tag}>
            {tag}
            <button
              type="button"
              aria-label={t("common.remove", { what: tag })}
              onClick={() => onValue(value.filter((other) => other !== tag))}
            >
              <X aria-hidden="true" />
            </button>
          </span>
        ))}
        <input
          id={id}
          className="input tag-input"
          list={`${id}-known`}
          value={text}
          placeholder={t("editor.addTag")}
          onChange={(event) => setText(event.target.value)}
          onBlur={add}
          onKeyDown={(event) => {
            if (
              (event.key === "Enter" || event.key === ",") &&
              !event.ctrlKey &&
              !event.metaKey &&
              text.trim() !== ""
            ) {
              event.preventDefault();
              add();
            } else if (event.key === "Backspace" && text === "") {
              onValue(value.slice(0, -1));
            }
          }}
          aria-invalid={error ? true : undefined}
        />
        <datalist id={`${id}-known`}>
          {known.map((tag) => (
            <option key={tag.id} value={tag.name} />
          ))}
        </datalist>
      </div>
      {error && <span className="error">{error}</span>}
    </div>
  );
}
