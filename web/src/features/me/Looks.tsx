import { Check, Choice } from "../../design/Field";
import { t } from "../../i18n";
import { type Preferences, setPreferences, usePreferences } from "../../lib/preferences";

/** How the dashboard looks in this browser. */
export function Looks() {
  const { theme, language, zone, singleKeys } = usePreferences();
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <section className="sheet pad stack narrow" aria-label={t("me.looks")}>
      <h2>{t("me.looks")}</h2>
      <Choice
        label={t("me.theme")}
        value={theme}
        onValue={(value) => setPreferences({ theme: value as Preferences["theme"] })}
        options={(["system", "light", "dark"] as const).map((name) => [name, t(`me.${name}`)])}
      />
      <Choice
        label={t("me.language")}
        value={language}
        onValue={(value) => setPreferences({ language: value as Preferences["language"] })}
        options={[
          ["system", t("me.system")],
          ["en", "English"],
          ["uk", "Українська"],
          ["de", "Deutsch"],
        ]}
      />
      <Choice
        label={t("me.zone")}
        value={zone}
        onValue={(value) => setPreferences({ zone: value })}
        options={[
          ["", t("me.browserZone", { zone: own })],
          ...["UTC", ...Intl.supportedValuesOf("timeZone")].map((name): [string, string] => [name, name]),
        ]}
      />
      <Check label={t("me.singleKeys")} checked={singleKeys} onChecked={(on) => setPreferences({ singleKeys: on })} />
    </section>
  );
}
