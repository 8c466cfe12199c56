import { useState } from "react";
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
    const [start, end] = one <= other ? [one, other] : one === first ? [other, other] : [one, one];
    onPeriod({ from: startOf(start, zone), to: startOf(dayAfter(end), zone) });
  };
  return (
    <span className="row">
      <Day label={t("analytics.firstDay")} day={first} onDay={(day) => choose(day, last)} />
      –
      <Day label={t("analytics.lastDay")} day={last} onDay={(day) => choose(first, day)} />
    </span>
  );
}

/** A year that is typed digit by digit is one of the first centuries for a while. */
const EARLIEST = "1970-01-01";

function Day({ label, day, onDay }: { label: string; day: string; onDay: (day: string) => void }) {
  const [unfinished, setUnfinished] = useState<string>();
  const take = (text: string) => {
    const isWhole = text >= EARLIEST;
    setUnfinished(isWhole ? undefined : text);
    if (isWhole) onDay(text);
  };
  return (
    <input
      type="date"
      className="input pick"
      aria-label={label}
      value={unfinished ?? day}
      onChange={(event) => take(event.target.value)}
      onBlur={() => setUnfinished(undefined)}
    />
  );
}
