import { Problem } from "../api/problem";
import type { SharedReport } from "../api/types";
import { intervalOf, type Preset, periodOf } from "../lib/time";

/** What a shared page shows. Nobody's session has a part in it. */
export async function askReport(token: string, password: string, preset: Preset, zone: string): Promise<SharedReport> {
  const period = periodOf(preset, zone);
  const asked = { token, ...(password ? { password } : {}), ...period, interval: intervalOf(period), time_zone: zone };
  const response = await fetch("/v1/shared-reports", {
    method: "POST",
    credentials: "omit",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(asked),
  });
  const answer = await response.json().catch(() => undefined);
  if (!response.ok) throw new Problem(response.status, answer);
  return answer as SharedReport;
}
