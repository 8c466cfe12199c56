// What a workspace keeps of clicks and visitors, and what it erases.
import assert from "node:assert/strict";
import { test } from "node:test";
import { scrollsSideways } from "./axe.ts";
import { signIn, until } from "./server.ts";
import { watching } from "./watching.ts";

const here = watching();
const AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0";

interface Kept {
  click_retention_days: number;
  visitor_addresses: string;
  count_opted_out: boolean;
}

/** A link with so many clicks that are counted. */
async function clicked(slug: string, times: number): Promise<{ id: string; short_url: string }> {
  const { api, base } = here;
  const draft = { destination_url: "https://example.com/", slug };
  const link = await api.ask<{ id: string; short_url: string }>("POST", `${base}/links`, draft);
  for (let count = 0; count < times; count += 1)
    await fetch(link.short_url, { redirect: "manual", headers: { "user-agent": AGENT } });
  await until("clicks", async () => (await clicks(link.id)) === times);
  return link;
}

const clicks = async (link: string) =>
  (await here.api.ask<{ clicks: number }>("GET", `${here.base}/analytics/summary?link=${link}`)).clicks;

test("a workspace says what it keeps of visitors, and clicks are given up knowingly", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  await signIn(elido, here);
  await page.goto(address("settings"));
  const form = page.getByRole("form", { name: "Clicks and visitors" });
  const save = form.getByRole("button", { name: "Save" });
  await form.getByText("Place and number are made from the whole address").waitFor();
  assert.equal(await save.isDisabled(), true);
  await form.getByLabel("Of a visitor’s address is used").selectOption("Nothing");
  await form.getByText("Clicks have no place").waitFor();
  await form.getByLabel("Count visitors who ask not to be tracked").uncheck();
  await form.getByLabel("Days that clicks are kept").fill("90");
  assert.equal(await save.isDisabled(), true, "who gives clicks up says so");
  await allIsWell();
  await form.getByLabel("Clicks that are older than 90 days").check();
  const { promise: typed, resolve: goOn } = Promise.withResolvers<void>();
  await page.route("**/bff/boot", async (route) => {
    await typed;
    await route.continue();
  });
  await save.click();
  await page.getByText("Saved", { exact: true }).waitFor();
  const kept = await api.ask<Kept>("GET", base);
  assert.deepEqual([kept.click_retention_days, kept.visitor_addresses, kept.count_opted_out], [90, "unused", false]);
  // What is typed while the workspace is read again stays.
  await form.getByLabel("Days that clicks are kept").fill("99999");
  const again = page.waitForResponse("**/bff/boot");
  goOn();
  await (await again).finished();
  await save.click();
  await form.locator(".error").waitFor();
  await allIsWell();
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await scrollsSideways(page), false);
  await allIsWell();
});

test("clicks of a link are erased after its short address and the name of the workspace were typed", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  const erased = await clicked("erased", 3);
  const stays = await clicked("stays", 2);
  await signIn(elido, here);
  await page.goto(address("settings"));
  const form = page.getByRole("form", { name: "Erase clicks" });
  const begin = form.getByRole("button", { name: "Erase…" });
  assert.equal(await begin.isDisabled(), true);
  await form.getByLabel("Of the link").fill("localhost/nowhere");
  await begin.click();
  await form.getByText("There is no such link in this workspace").waitFor();
  await form.getByLabel("Of the link").fill(erased.short_url);
  await form.getByLabel("Of the visitor’s number").fill("not a number");
  await begin.click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Type Marketing to go on").fill("Marketing");
  await allIsWell();
  await dialog.getByRole("button", { name: "Erase for good" }).click();
  await form.locator(".error").waitFor();
  assert.equal(await clicks(erased.id), 3);
  await form.getByLabel("Of the visitor’s number").fill("");
  await begin.click();
  assert.equal(await dialog.getByRole("button", { name: "Erase for good" }).isDisabled(), true);
  await dialog.getByLabel("Type Marketing to go on").fill("Marketing");
  await dialog.getByRole("button", { name: "Erase for good" }).click();
  await page.getByText("3 clicks are erased").waitFor();
  assert.deepEqual([await clicks(erased.id), await clicks(stays.id)], [0, 2]);
  const trail = await api.ask<{ data: { action: string }[] }>("GET", `${base}/audit-events?limit=1`);
  assert.equal(trail.data[0]?.action, "clicks.erased");
  await allIsWell();
});
