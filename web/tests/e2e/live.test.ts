// Clicks as they come: by a stream that outlives its server, by questions where there is none, and not at all while nobody looks.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { scrollsSideways } from "./axe.ts";
import { signIn, until } from "./server.ts";
import { watching } from "./watching.ts";

const here = watching();
const DESKTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0";
const PHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
const CLICKS = 200;

async function make(slug: string): Promise<string> {
  const link = { destination_url: "https://example.com/", slug };
  return (await here.api.ask<{ id: string }>("POST", `${here.base}/links`, link)).id;
}

async function visit(slug: string, times: number, agent = DESKTOP): Promise<void> {
  for (let count = 0; count < times; count += 1)
    await fetch(`${here.elido.edge}/${slug}`, { redirect: "manual", headers: { "user-agent": agent } });
}

/** The page as a browser tells it that nobody, or somebody, sees it. */
async function seen(page: Page, state: "hidden" | "visible"): Promise<void> {
  await page.evaluate((now) => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => now });
    document.dispatchEvent(new Event("visibilitychange"));
  }, state);
}

const figure = (page: Page) => page.locator(".figure").first();
const total = async (page: Page, count: number) =>
  until(`${count} clicks`, async () => (await figure(page).innerText()) === String(count));
// One that was cut is tried again after pauses that grow up to half a minute.
const isStreamed = (page: Page) => page.getByText("As they come", { exact: true }).waitFor({ timeout: 90_000 });

/** The questions for clicks that a page has asked so far. */
function countQuestions(page: Page): { streams: number; questions: number } {
  const count = { streams: 0, questions: 0 };
  page.on("request", (request) => {
    if (!request.url().includes("/analytics/live")) return;
    const isStream = request.headers().accept === "text/event-stream";
    count[isStream ? "streams" : "questions"] += 1;
  });
  return count;
}

test("clicks come by one stream, once each, also from a server that was away meanwhile", async () => {
  const { page, elido, address, complaints, allIsWell } = here;
  await make("streamed");
  await signIn(elido, here);
  const asked = countQuestions(page);
  await page.goto(address("live"));
  await isStreamed(page);
  await page.getByText("No clicks in 30 minutes").waitFor();
  await visit("streamed", CLICKS);
  const last = Date.now();
  await total(page, CLICKS);
  console.log(`${CLICKS} clicks are shown ${Date.now() - last} ms after the last of them`);
  await until("a hundred rows", async () => (await page.locator(".clicks > li").count()) === 100);
  assert.match(await page.title(), /^200 · Live/);
  assert.equal(await figure(page).innerText(), String(CLICKS), "each comes once");
  const before = asked.streams;
  assert.ok(before > 0, "by a stream");
  await allIsWell();

  await seen(page, "hidden");
  await visit("streamed", 1);
  await seen(page, "visible");
  await total(page, CLICKS + 1);
  assert.ok(asked.streams > before, "by another stream");

  await elido.kill();
  await page.getByText("Reconnecting", { exact: true }).waitFor();
  assert.equal(await figure(page).innerText(), String(CLICKS + 1), "what was counted stays");
  await elido.start();
  await isStreamed(page);
  await visit("streamed", 1);
  await total(page, CLICKS + 2);
  const rows = await page
    .locator(".clicks time")
    .evaluateAll((times) => times.map((time) => time.getAttribute("datetime")));
  assert.equal(rows.length, 100);
  // The browser itself writes down every request that was not answered.
  assert.deepEqual(
    complaints.filter((complaint) => !/Failed to load resource|net::ERR_/.test(complaint)),
    [],
  );
});

test("where no stream can be had, it is asked, and the page says so until there is one", async () => {
  const { page, elido, address, allIsWell } = here;
  await make("asked");
  await signIn(elido, here);
  await page.route(/analytics\/live/, (route) =>
    route.request().headers().accept === "text/event-stream" ? route.fulfill({ status: 429 }) : route.continue(),
  );
  await page.goto(address("live?slug=x"));
  await page.getByText("Asked every two seconds", { exact: true }).waitFor();
  const before = Number(await figure(page).innerText());
  await visit("asked", 3);
  await total(page, before + 3);
  await page.getByRole("listitem").filter({ hasText: "/asked" }).first().waitFor();
  await allIsWell();
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await isStreamed(page);
  await allIsWell();
});

test("a list that is stopped says what waits, and values of clicks filter it", async () => {
  const { page, elido, address, allIsWell } = here;
  const link = await make("filtered");
  await signIn(elido, here);
  await visit("filtered", 2, PHONE);
  await page.goto(address(`live?link=${encodeURIComponent(JSON.stringify([link]))}`));
  await isStreamed(page);
  await total(page, 2);
  await page.keyboard.press("Space");
  await page.getByRole("button", { name: "Go on" }).waitFor();
  await visit("filtered", 3);
  await page.getByText("3 newer clicks wait").waitFor();
  await total(page, 5);
  assert.equal(await page.locator(".clicks > li").count(), 2);
  await page.keyboard.press("Space");
  await until("all rows", async () => (await page.locator(".clicks > li").count()) === 5);
  await page.locator(".clicks").getByRole("button", { name: "Mobile" }).first().click();
  await page.waitForURL(/device=/);
  await page.getByRole("button", { name: "Device is Mobile" }).waitFor();
  await total(page, 2);
  await allIsWell();
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await scrollsSideways(page), false);
  await allIsWell();
  await page.getByRole("link", { name: "Analytics" }).first().click();
  await page.waitForURL(/analytics\?.*device=/);
  await page.getByRole("button", { name: "Device is Mobile" }).waitFor();
  await allIsWell();
});
