import { useQuery } from "@tanstack/react-query";
import { api, body } from "../../api/client";
import type { HoursOfWeek } from "../../api/types";
import { Failure, Skeleton } from "../../design/Failure";
import { t } from "../../i18n";
import { number } from "../../lib/format";
import { useWorkspace } from "../../lib/workspace";

const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const STEPS = 5;

/** Clicks by the hour of the week, in the zone of the view. */
export function Hours({ query }: { query: URLSearchParams }) {
  const workspace_id = useWorkspace().id;
  const asked = new URLSearchParams(query);
  for (const name of ["interval", "compare"]) asked.delete(name);
  const text = asked.toString();
  const answer = useQuery({
    queryKey: ["clicks", workspace_id, "hours", text],
    queryFn: () =>
      body(
        api.GET("/v1/workspaces/{workspace_id}/analytics/hours-of-week", {
          params: { path: { workspace_id } },
          querySerializer: () => text,
        }),
      ),
  });
  return (
    <section className="sheet pad stack-s all-panels" aria-label={t("analytics.hours")}>
      <h2>{t("analytics.hours")}</h2>
      {answer.isError && <Failure error={answer.error} onRetry={() => void answer.refetch()} />}
      {answer.isPending && <Skeleton height={200} />}
      {answer.data && <Grid hours={answer.data.data} zone={answer.data.time_zone} />}
    </section>
  );
}

function Grid({ hours, zone }: { hours: HoursOfWeek["data"]; zone: string }) {
  const highest = Math.max(1, ...hours.map((hour) => hour.clicks));
  const step = (clicks: number) => Math.ceil((clicks / highest) * STEPS);
  return (
    <section className="table-frame" tabIndex={0} aria-label={`${t("analytics.hours")}, ${zone}`}>
      <table className="hours">
        <thead>
          <tr>
            <td />
            {HOURS.map((hour) => (
              <th key={hour} scope="col">
                {hour}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {DAYS.map((day, index) => (
            <tr key={day}>
              <th scope="row">{t(`days.${day}`)}</th>
              {hours
                .filter((hour) => hour.weekday === index + 1)
                .map((hour) => (
                  <td
                    key={hour.hour}
                    data-step={step(hour.clicks)}
                    title={`${t(`days.${day}`)} ${hour.hour}–${hour.hour + 1}: ${number(hour.clicks)}`}
                  >
                    <span className="visually-hidden">{number(hour.clicks)}</span>
                  </td>
                ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
