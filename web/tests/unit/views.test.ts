import * as v from "valibot";
import { expect, test } from "vitest";
import { ClicksSearch, FILTERS } from "../../src/lib/clicks-search";
import { LinksSearch } from "../../src/lib/links-search";
import { queryTextOf, valuesOf } from "../../src/lib/views";
import { tokenOf } from "../../src/shared/token";

test("a view is what the address was when it was saved", () => {
  const clicks: ClicksSearch = {
    period: "7d",
    compare: true,
    country: ["!DE", "UA"],
    utm_source: ["a&b=c", "\\!d", "~ü"],
    qr: ["true"],
  };
  expect(v.parse(ClicksSearch, valuesOf(queryTextOf(clicks), FILTERS))).toEqual(clicks);
  const links: LinksSearch = { search: "100% of «it» + more", archived: false, sort: "created_at" };
  expect(v.parse(LinksSearch, valuesOf(queryTextOf(links), []))).toEqual(links);
  expect(queryTextOf({ tag: "a", folder: undefined })).toBe("tag=a");
});

test("only the address of a shared page has a secret", () => {
  expect(tokenOf("/s/share_Ab-3_x")).toBe("share_Ab-3_x");
  for (const path of ["/s/", "/s/a/b", "/sign-in", "/w/s/share_x", "/s/a%2Fb"]) expect(tokenOf(path)).toBeUndefined();
});
