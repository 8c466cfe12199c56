import { useId } from "react";
import { Button } from "../../design/Button";
import { Choice } from "../../design/Field";
import { t } from "../../i18n";
import { contrast } from "../../lib/contrast";
import { number } from "../../lib/format";
import type { QrSearch } from "../../lib/qr-search";

const CONTRAST_MIN = 3;
const LEVELS = ["low", "medium", "quartile", "high"] as const;
const ZONES = [4, 6, 8, 12, 16];
const SIZES = [256, 512, 1024, 2048];

interface Properties {
  style: QrSearch;
  set: (change: Partial<QrSearch>) => void;
}

export function Style({ style, set }: Properties) {
  const dark = style.foreground ?? "#000000";
  const light = style.background ?? "#ffffff";
  const found = Math.round(contrast(dark, light) * 10) / 10;
  const scans = found >= CONTRAST_MIN;
  const numbers = (all: number[]) => all.map((value): [string, string] => [String(value), number(value)]);
  return (
    <section className="sheet pad stack" aria-label={t("qr.style")}>
      <div className="two">
        <Colour label={t("qr.foreground")} value={dark} onValue={(foreground) => set({ foreground })} />
        <Colour label={t("qr.background")} value={light} onValue={(background) => set({ background })} />
      </div>
      <p className={scans ? "small good" : "note"} data-look={scans ? undefined : "bad"} role="status">
        {t(scans ? "qr.contrast" : "qr.tooLittle", { found: number(found), least: number(CONTRAST_MIN) })}
      </p>
      <div className="two">
        <Choice
          label={t("qr.level")}
          value={style.error_correction ?? "medium"}
          onValue={(level) => set({ error_correction: level as (typeof LEVELS)[number] })}
          options={LEVELS.map((level) => [level, t(`qr.${level}`)])}
        />
        <Choice
          label={t("qr.quietZone")}
          value={String(style.quiet_zone ?? 4)}
          onValue={(zone) => set({ quiet_zone: Number(zone) })}
          options={numbers(ZONES)}
        />
        <Choice
          label={t("qr.size")}
          value={String(style.size ?? 512)}
          onValue={(size) => set({ size: Number(size) })}
          options={numbers(SIZES)}
        />
      </div>
      <div className="row">
        <Button
          onClick={() =>
            set({
              foreground: undefined,
              background: undefined,
              error_correction: undefined,
              quiet_zone: undefined,
              size: undefined,
            })
          }
        >
          {t("common.reset")}
        </Button>
      </div>
    </section>
  );
}

function Colour({ label, value, onValue }: { label: string; value: string; onValue: (value: string) => void }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="row">
        <input
          id={id}
          type="color"
          className="colour"
          value={value}
          onChange={(event) => onValue(event.target.value)}
        />
        <code className="mono">{value}</code>
      </div>
    </div>
  );
}
