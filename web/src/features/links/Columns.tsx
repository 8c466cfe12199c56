import { Columns3 } from "lucide-react";
import { useState } from "react";
import { t } from "../../i18n";
import { COLUMNS, setPreferences, usePreferences } from "../../lib/preferences";

/** Chooses what the list shows beside the short link, in this browser. */
export function Columns() {
  const { columns } = usePreferences();
  const [open, setOpen] = useState(false);
  const toggle = (name: (typeof COLUMNS)[number]) =>
    setPreferences({ columns: COLUMNS.filter((other) => columns.includes(other) !== (other === name)) });
  return (
    <details className="columns" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="button" data-look="plain">
        <Columns3 aria-hidden="true" />
        {t("columns.title")}
      </summary>
      {open && (
        <fieldset className="sheet pad stack-s">
          <legend className="visually-hidden">{t("columns.title")}</legend>
          {COLUMNS.map((name) => (
            <label key={name} className="check">
              <input type="checkbox" checked={columns.includes(name)} onChange={() => toggle(name)} />
              {t(`columns.${name}`)}
            </label>
          ))}
        </fieldset>
      )}
    </details>
  );
}

type Column = (typeof COLUMNS)[number];

/** The least width of each column in pixels, and its share of what is left over. */
const WIDTHS: Record<Column, [number, number]> = {
  destination: [100, 1.6],
  tags: [90, 1],
  clicks: [124, 0],
  lastClick: [104, 0],
  created: [96, 0],
  updated: [96, 0],
};
const BOX = 28;
const LINK = 150;
const GAP = 12;
const EDGE = 14;

/** The table for these columns, as variables of its style sheet: its tracks, and below which width it scrolls. */
export function tracksOf(columns: readonly Column[]) {
  const tracks = columns.map((name) => {
    const [least, share] = WIDTHS[name];
    return share > 0 ? `minmax(${least}px, ${share}fr)` : `${least}px`;
  });
  const least = columns.reduce((sum, name) => sum + WIDTHS[name][0] + GAP, BOX + GAP + LINK + 2 * EDGE);
  return { "--tracks": `${BOX}px minmax(${LINK}px, 1.2fr) ${tracks.join(" ")}`, "--least": `${least}px` };
}
