import * as v from "valibot";
import { expect, test } from "vitest";
import { ClicksSearch, conditionOf, FILTERS, opposite, queryOf, toggled, written } from "../../src/lib/clicks-search";

/** Random but the same each time. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

test("any filters come back from the address as they were", () => {
  const random = randomNumbers(7);
  for (let round = 0; round < 500; round += 1) {
    let search: ClicksSearch = {};
    for (let count = 0; count < 6; count += 1) {
      const filter = FILTERS[Math.floor(random() * FILTERS.length)];
      if (filter) search = toggled(search, filter, `${Math.floor(random() * 5)} & ü?=#`);
    }
    const address = JSON.stringify(search);
    expect(v.parse(ClicksSearch, JSON.parse(address))).toEqual(JSON.parse(address));
  }
});

const nothing: ClicksSearch = {};

test("the second click takes a filter out", () => {
  const once = toggled(nothing, "country", "DE");
  expect(once.country).toEqual(["DE"]);
  expect(toggled(once, "country", "DE").country).toBeUndefined();
});

test("a condition is read as it was written, whatever its value begins with", () => {
  const beginnings = ["", "!", "~", "\\", "!~", "~!", "\\!", "\\\\", "!!", "a!"];
  for (const excluded of [false, true])
    for (const part of [false, true])
      for (const beginning of beginnings)
        for (const value of [beginning, `${beginning}news\n.example`]) {
          const condition = { excluded, part, value };
          expect(conditionOf(written(condition))).toEqual(condition);
          expect(conditionOf(opposite(written(condition)))).toEqual({ ...condition, excluded: !excluded });
        }
});

test("what leaves a value out takes the place of what asks for it", () => {
  const asked = toggled(toggled(nothing, "country", "DE"), "country", "UA");
  expect(toggled(asked, "country", "!DE").country).toEqual(["UA", "!DE"]);
});

test("a view is a query of the API by the API's own names", () => {
  const search: ClicksSearch = {
    from: "2026-03-01T00:00:00Z",
    to: "2026-03-02T00:00:00Z",
    country: ["DE", "UA"],
    compare: true,
    bots: true,
  };
  const query = queryOf(search, "Europe/Kyiv").toString();
  expect(query).toBe(
    "from=2026-03-01T00%3A00%3A00Z&to=2026-03-02T00%3A00%3A00Z&interval=hour&time_zone=Europe%2FKyiv&compare=previous&include=bots%2Cpreviews&country=DE&country=UA",
  );
});
