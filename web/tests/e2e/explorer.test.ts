// Periods of the explorer: chosen by day, by dragging over the chart and by its keys; and clicks by the hour of the week.
import assert from "node:assert/strict";
import { test } from "node:test";
import { scrollsSideways } from "./axe.ts";
import { signIn, until } from "./server.ts";
import { watching } from "./watching.ts";

const here = watching();
const AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0";
const CLICKS = 5;

const spanOf = (url: string) => {
  const query = new URL(url).searchParams;
  return [query.get("from"), query.get("to")].map((text) => text && new Date(text.replaceAll('"', "")).toISOString());
};

test("a period is chosen by day, by the keys of the chart and by dragging, and is in the address", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  const link = await api.ask<{ id: string; short_url: string }>("POST", `${base}/links`, {
    destination_url: "https://example.com/",
    slug: "explored",
  });
  for (let count = 0; count < CLICKS; count += 1)
    await fetch(link.short_url, { redirect: "manual", headers: { "user-agent": AGENT } });
  const clicks = async () => (await api.ask<{ clicks: number }>("GET", `${base}/analytics/summary`)).clicks;
  await until("clicks that are stored", async () => (await clicks()) === CLICKS);
  await signIn(elido, here);
  await page.goto(address("analytics"));
  const figure = page.locator(".figure").first();
  await until("all clicks", async () => (await figure.innerText()) === String(CLICKS));

  await page.keyboard.press("0");
  const first = page.getByLabel("First day");
  await first.fill("2026-03-01");
  await page.waitForURL(/from=2026-02-28T22/);
  await until("the first day", async () => (await first.inputValue()) === "2026-03-01");
  await page.getByLabel("Last day").fill("2026-03-31");
  await page.getByText("No clicks in this period.").waitFor();
  // In Kyiv clocks go forward within it.
  assert.deepEqual(spanOf(page.url()), ["2026-02-28T22:00:00.000Z", "2026-03-31T21:00:00.000Z"]);
  await page.getByLabel("First day").fill("2026-04-10");
  await page.waitForURL(/from=2026-04-09T21/);
  assert.deepEqual(spanOf(page.url()), ["2026-04-09T21:00:00.000Z", "2026-04-10T21:00:00.000Z"]);
  await allIsWell();
  await page.getByLabel("Period", { exact: true }).selectOption("Last 7 days");
  await page.waitForURL(/period=7d/);
  await until("all clicks again", async () => (await figure.innerText()) === String(CLICKS));
  assert.equal(await page.getByLabel("First day").count(), 0);

  const chart = page.getByRole("application");
  await chart.focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await page.getByLabel("First day").waitFor();
  const [from, to] = spanOf(page.url());
  // On two days of the year clocks are set.
  const length = (Date.parse(to ?? "") - Date.parse(from ?? "")) / 3_600_000;
  assert.ok(length >= 23 && length <= 25, `the day that the cursor was on: ${length} h`);
  await until("the clicks of today", async () => (await figure.innerText()) === String(CLICKS));
  assert.equal(await page.getByLabel("Interval").inputValue(), "hour");

  await page.getByLabel("Period", { exact: true }).selectOption("Last 30 days");
  await page.waitForURL(/period=30d/);
  await first.waitFor({ state: "detached" });
  await until("days", async () => (await page.getByLabel("Interval").inputValue()) === "day");
  await page.locator("[data-stale]").first().waitFor({ state: "detached" });
  await page.locator(".u-over").waitFor();
  const box = await page.locator(".u-over").boundingBox();
  assert.ok(box);
  await page.mouse.move(box.x + box.width * 0.5, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.8, box.y + 60, { steps: 5 });
  await page.mouse.up();
  await page.getByLabel("First day").waitFor();
  const [start, end] = spanOf(page.url());
  const days = Math.round((Date.parse(end ?? "") - Date.parse(start ?? "")) / 86_400_000);
  assert.ok(days >= 8 && days <= 12, `${days} days`);
  await page.goBack();
  await page.waitForURL(/period=30d/);
  await until("the view before", async () => (await figure.innerText()) === String(CLICKS));
  await allIsWell();
});

test("clicks by the hour of the week are those of the API", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  await signIn(elido, here);
  await page.goto(address("analytics"));
  const hours = page.getByRole("region", { name: "Hours and weekdays", exact: true });
  await hours.locator("td[data-step='5']").first().waitFor();
  const zone = await page.evaluate(() => Intl.DateTimeFormat().resolvedOptions().timeZone);
  const answer = await api.ask<{ data: { clicks: number }[] }>(
    "GET",
    `${base}/analytics/hours-of-week?time_zone=${encodeURIComponent(zone)}`,
  );
  const shown = await hours.locator("td[data-step]").allInnerTexts();
  assert.deepEqual(
    shown.map(Number),
    answer.data.map((hour) => hour.clicks),
  );
  await allIsWell();
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "dark" });
  await until("a page that does not scroll sideways", async () => !(await scrollsSideways(page)));
  await allIsWell();
  await page.keyboard.press("l");
  await page.getByText("As they come", { exact: true }).waitFor();
});
