import { Choice } from "../design/Field";
import { t } from "../i18n";
import "../i18n/late";

const HOUR = 3600;

/** How long a secret holds beside the next one, in seconds. */
export function Overlap({ seconds, onSeconds }: { seconds: string; onSeconds: (seconds: string) => void }) {
  return (
    <Choice
      label={t("rotation.overlap")}
      value={seconds}
      onValue={onSeconds}
      options={[
        ["0", t("rotation.atOnce")],
        [String(HOUR), t("rotation.hour")],
        [String(24 * HOUR), t("rotation.day")],
        [String(7 * 24 * HOUR), t("rotation.week")],
      ]}
    />
  );
}
