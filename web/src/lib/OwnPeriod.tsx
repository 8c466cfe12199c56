import { t } from "../i18n";
import { dayAfter, dayOf, startOf } from "./time";

interface Properties {
  from: string;
  to: string;
  zone: string;
  onPeriod: (period: { from: string; to: string }) => void;
}

/** The first and the last day of a period, in the zone of the view. */
export function OwnPeriod({ from, to, zone, onPeriod }: Properties) {
  const first = dayOf(from, zone);
  const last = dayOf(Temporal.Instant.from(to).subtract({ nanoseconds: 1 }).toString(), zone);
  // Who moves one end behind the other means the day itself.
  const choose = (one: string, other: string) => {
    if (!one || !other) return;
    const [start, end] = one <= other ? [one, other] : one === first ? [other, other] : [one, one];
    onPeriod({ from: startOf(start, zone), to: startOf(dayAfter(end), zone) });
  };
  return (
    <span className="row">
      <input
        type="date"
        className="input pick"
        aria-label={t("analytics.firstDay")}
        value={first}
        onChange={(event) => choose(event.target.value, last)}
      />
      –
      <input
        type="date"
        className="input pick"
        aria-label={t("analytics.lastDay")}
        value={last}
        onChange={(event) => choose(first, event.target.value)}
      />
    </span>
  );
}
