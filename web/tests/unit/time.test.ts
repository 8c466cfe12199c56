import { Temporal as Polyfill } from "temporal-polyfill";
import { expect, test } from "vitest";

globalThis.Temporal ??= Polyfill as unknown as typeof Temporal;
const { dayAfter, dayOf, intervalOf, moved, periodOf, startOf } = await import("../../src/lib/time");

const ZONES = ["Europe/Kyiv", "America/New_York", "Pacific/Auckland", "Asia/Kolkata", "UTC"];
/** Around the clock changes of 2026, north and south. */
const MOMENTS = [
  "2026-03-08T12:00:00Z",
  "2026-03-29T00:30:00Z",
  "2026-04-05T01:00:00Z",
  "2026-10-25T00:30:00Z",
  "2026-11-01T06:30:00Z",
];

test("periods are whole days of their zone, across clock changes", () => {
  for (const zone of ZONES) {
    for (const moment of MOMENTS) {
      for (const preset of ["today", "7d", "30d", "90d", "year"] as const) {
        const period = periodOf(preset, zone, Temporal.Instant.from(moment));
        for (const edge of [period.from, period.to]) {
          const local = Temporal.Instant.from(edge).toZonedDateTimeISO(zone);
          expect(local.equals(local.startOfDay()), `${preset} ${zone} ${edge}`).toBe(true);
        }
        expect(Date.parse(period.from)).toBeLessThan(Date.parse(moment));
        expect(Date.parse(period.to)).toBeGreaterThan(Date.parse(moment));
      }
    }
  }
});

test("the period before ends where the period begins", () => {
  for (const zone of ZONES) {
    for (const moment of MOMENTS) {
      const period = periodOf("7d", zone, Temporal.Instant.from(moment));
      expect(moved(period, zone, -1).to).toBe(period.from);
      expect(moved(moved(period, zone, -1), zone, 1)).toEqual(period);
    }
  }
});

test("buckets are neither too few nor too many", () => {
  const days = (count: number) => ({
    from: "2026-01-01T00:00:00Z",
    to: new Date(Date.UTC(2026, 0, 1 + count)).toISOString(),
  });
  expect([1, 7, 90, 365, 1000].map((count) => intervalOf(days(count)))).toEqual([
    "hour",
    "day",
    "day",
    "week",
    "month",
  ]);
});

test("a day begins and ends as the zone has it, also where clocks change at midnight", () => {
  for (const zone of [...ZONES, "Africa/Cairo"])
    for (let day = "2026-01-01"; day < "2027-01-01"; day = dayAfter(day)) {
      expect(dayOf(startOf(day, zone), zone)).toBe(day);
      const end = Temporal.Instant.from(startOf(dayAfter(day), zone))
        .subtract({ nanoseconds: 1 })
        .toString();
      expect(dayOf(end, zone)).toBe(day);
    }
});
