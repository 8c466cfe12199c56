import { expect, test } from "vitest";
import type { Click, Live } from "../../src/api/types";
import { joined, type Shown } from "../../src/features/live/useLive";

const START = Date.parse("2026-05-01T12:00:00Z");
const at = (second: number) => new Date(START + second * 1000).toISOString();
const click = (second: number) => ({ id: `clk_${second}`, at: at(second) }) as Click;
const left_out = { bots: 0, previews: 0, prefetches: 0, heads: 0, opted_out: 0 };
const live = (seconds: number[], start = 0): Live => ({
  minutes: [{ start: at(start), clicks: 1, visitors: 1 }],
  left_out,
  clicks: seconds.map(click),
});
const nothing: Shown = { minutes: [], left_out, clicks: [], way: "opening", problem: undefined };
const seconds = (shown: Shown) => shown.clicks.map((one) => (Date.parse(one.at) - START) / 1000);

test("clicks are there once however often they are told, newest first, and go with their minute", () => {
  const first = joined(nothing, live([3, 2, 1]), "stream");
  expect(seconds(first)).toEqual([3, 2, 1]);
  const again = joined(first, live([5, 4, 3, 2, 1]), "stream");
  expect(seconds(again)).toEqual([5, 4, 3, 2, 1]);
  const late = joined(again, live([2.5]), "asking");
  expect(seconds(late)).toEqual([5, 4, 3, 2.5, 2, 1]);
  expect(late.way).toBe("asking");
  expect(seconds(joined(late, live([], 3), "stream"))).toEqual([5, 4, 3]);
});
