// Many links at once: made of pasted addresses, and given a campaign; and the shortest ways to what was seen before.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { scrollsSideways } from "./axe.ts";
import { forgetSession, signIn, until } from "./server.ts";
import { watching } from "./watching.ts";

const here = watching();
const AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0";

interface Found {
  slug: string;
  destination_url: string;
  folder_id: string | null;
  tags: string[];
  utm: Record<string, string | null>;
}
const links = async () => (await here.api.ask<{ data: Found[] }>("GET", `${here.base}/links?limit=100`)).data;

/** Pastes as somebody does who has copied this, where the focus is. */
async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate((copied) => navigator.clipboard.writeText(copied), text);
  await page.keyboard.press("Control+v");
}

test("pasted addresses become a link each, those that are refused stay to be mended, and all of it is undone", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  await api.ask("POST", `${base}/folders`, { name: "Spring" });
  await signIn(elido, here);
  await page.goto(address("links/new"));
  await page.getByLabel("Destination").click();
  await paste(page, "https://example.com/one\nhttps://example.com/two\nhttps://example.com/three\n");
  await page.waitForURL(/\/links\/many$/);
  const field = page.getByLabel("Destinations, one a line");
  await until("what was pasted", async () => (await field.inputValue()).startsWith("https://example.com/one\n"));
  await field.fill("https://example.com/one\njavascript:alert(1)\n\n  https://example.com/two  ");
  await page.getByLabel("Folder").selectOption("Spring");
  await page.getByLabel("Tags", { exact: true }).fill("pasted");
  await page.getByLabel("Tags", { exact: true }).press("Enter");
  await allIsWell();
  // What was written outlives the page.
  await page.reload();
  await page.getByRole("button", { name: "Make 3 links" }).waitFor();
  await page.getByRole("button", { name: "Make 3 links" }).click();
  const refused = page.getByRole("alert").filter({ hasText: "1 address is no link" });
  await refused.getByText("javascript:alert(1)").waitFor();
  await until("the refused one alone", async () => (await field.inputValue()) === "javascript:alert(1)");
  const made = page.getByRole("region", { name: "What was made" });
  assert.equal(await made.getByRole("listitem").count(), 2);
  const kept = await links();
  assert.deepEqual(kept.map((link) => [link.destination_url, link.tags, link.folder_id !== null]).sort(), [
    ["https://example.com/one", ["pasted"], true],
    ["https://example.com/two", ["pasted"], true],
  ]);
  // It is offered for ten seconds.
  await page.getByRole("status").getByRole("button", { name: "Undo" }).click();
  await made.waitFor({ state: "detached" });
  assert.deepEqual(await links(), []);
  await allIsWell();
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await scrollsSideways(page), false);
  await allIsWell();
  await page.setViewportSize({ width: 1440, height: 960 });
  await field.fill("");

  // Outside of fields, several addresses begin the same page.
  await page.goto(address("links"));
  await page.getByRole("heading", { name: "Links", exact: true }).waitFor();
  await paste(page, "https://example.com/four\nhttps://example.com/five");
  await page.waitForURL(/\/links\/many$/);
  await until("those that were pasted", async () => (await field.inputValue()).includes("five"));
  await page.keyboard.press("Control+Enter");
  await until("both links", async () => (await links()).length === 2);
  await page.getByText("2 links are made").waitFor();
  await made.getByRole("button", { name: "Copy all" }).click();
  await page.getByRole("status").getByText("Copied", { exact: true }).waitFor();
  await field.press("Control+v");
  await until("what was copied", async () =>
    /^https:\/\/example.com\/four\thttp:\/\/localhost:\d+\/\S+\nhttps:\/\/example.com\/five\thttp:\S+$/.test(
      await field.inputValue(),
    ),
  );
  await page.setViewportSize({ width: 360, height: 740 });
  assert.equal(await scrollsSideways(page), false);
  await allIsWell();
});

test("chosen links get the campaign of a template, and what they had before by undoing it", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  await api.ask("POST", `${base}/utm-templates`, { name: "Autumn", utm: { source: "letter", medium: "email" } });
  for (const slug of ["first", "second", "third"])
    await api.ask("POST", `${base}/links`, {
      destination_url: `https://example.com/${slug}`,
      slug,
      utm: { source: "print", campaign: "old" },
    });
  const campaigns = async () =>
    (await links())
      .filter(({ slug }) => ["first", "second", "third"].includes(slug))
      .sort((one, other) => one.slug.localeCompare(other.slug))
      .map(({ utm }) => `${utm.source} ${utm.medium ?? "-"} ${utm.campaign ?? "-"}`);
  await signIn(elido, here);
  await page.goto(address("links"));
  await page.getByLabel(/^Select .*\/first$/).check();
  await page.getByLabel(/^Select .*\/second$/).check();
  const bar = page.getByRole("toolbar", { name: "Selected links" });
  await bar.getByRole("button", { name: "Campaign" }).click();
  const dialog = page.getByRole("dialog", { name: "Campaign of 2 links" });
  await until("what both have", async () => (await dialog.getByLabel("utm_source").inputValue()) === "print");
  await dialog.getByLabel("Fill in from a template").selectOption("Autumn");
  assert.deepEqual(
    [await dialog.getByLabel("utm_source").inputValue(), await dialog.getByLabel("utm_campaign").inputValue()],
    ["letter", ""],
  );
  await dialog.getByLabel("utm_campaign").fill("autumn");
  await allIsWell();
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText("Campaign of 2 links changed").waitFor();
  assert.deepEqual(await campaigns(), ["letter email autumn", "letter email autumn", "print - old"]);
  await page.getByRole("status").getByRole("button", { name: "Undo" }).click();
  await until("the campaigns before", async () => (await campaigns()).every((text) => text === "print - old"));
  await allIsWell();
});

test("all links that match get a campaign at once, after it was looked at", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  const mass = Array.from({ length: 120 }, (_, index) => ({
    destination_url: `https://example.com/${index}`,
    slug: `mass-${index}`,
  }));
  await api.ask("POST", `${base}/links/bulk`, { links: mass });
  await signIn(elido, here);
  await page.goto(address("links?search=%22mass-%22"));
  await page.getByText("120 links", { exact: true }).waitFor();
  await page.keyboard.press("Control+a");
  await page.getByRole("button", { name: "Change all 120 that match" }).click();
  const dialog = page.getByRole("dialog", { name: "Change all links that match" });
  await dialog.getByLabel("What changes").selectOption("Set the campaign (UTM)");
  await dialog.getByLabel("Fill in from a template").selectOption("Autumn");
  await dialog.getByLabel("utm_term").fill("print");
  await dialog.getByRole("button", { name: "Look at it first" }).click();
  await dialog.getByText("120 links are found").waitFor();
  await allIsWell();
  await dialog.getByRole("button", { name: "Change 120 links" }).click();
  await page.getByText("120 links changed").waitFor();
  const link = await api.ask<Found>("GET", `${base}/links/lookup?domain=localhost&slug=mass-7`);
  assert.deepEqual([link.utm.source, link.utm.medium, link.utm.term], ["letter", "email", "print"]);
  await allIsWell();
});

test("the palette begins with what was chosen last, until somebody signs out", async () => {
  const { page, elido, address, allIsWell } = here;
  await signIn(elido, here);
  await page.goto(address("links"));
  const dialog = page.getByRole("dialog");
  const box = dialog.getByRole("combobox");
  const openIt = async () => {
    await page.keyboard.press("Control+k");
    await box.waitFor();
  };
  await page.getByRole("heading", { name: "Links", exact: true }).waitFor();
  await openIt();
  assert.equal(await dialog.getByRole("group", { name: "Recent" }).count(), 0);
  await box.fill("third");
  await dialog.getByRole("option", { name: /\/third/ }).click();
  await page.waitForURL(/\/links\/lnk_/);
  const link = page.url();
  await openIt();
  await box.fill("Domains");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/domains$/);
  await openIt();
  const recent = dialog.getByRole("group", { name: "Recent" });
  assert.deepEqual(
    (await recent.getByRole("option").allInnerTexts()).map((text) => text.split("\n")[0]?.replace(/^.*\//, "/")),
    ["Domains", "/third"],
  );
  assert.equal(await dialog.getByRole("option", { name: "Domains", exact: true }).count(), 1);
  await allIsWell();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL(link);
  const kept = () => page.evaluate(() => Object.keys(localStorage).filter((name) => name.startsWith("elido.recent.")));
  assert.equal((await kept()).length, 1);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(/\/sign-in/);
  forgetSession();
  assert.deepEqual(await kept(), []);
});

test("a panel shows more than its ten values, to be searched and chosen from", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  const link = await api.ask<{ short_url: string }>("POST", `${base}/links`, {
    destination_url: "https://example.com/",
    slug: "referred",
  });
  const referrers = Array.from({ length: 14 }, (_, index) => `site-${String(index).padStart(2, "0")}.example`);
  for (const host of referrers)
    await fetch(link.short_url, { redirect: "manual", headers: { "user-agent": AGENT, referer: `https://${host}/` } });
  const clicks = async () => (await api.ask<{ clicks: number }>("GET", `${base}/analytics/summary`)).clicks;
  await until("clicks that are stored", async () => (await clicks()) === referrers.length);
  await signIn(elido, here);
  await page.goto(address("analytics"));
  const panel = page.getByRole("region", { name: "Sources" });
  await panel.getByRole("button", { name: "More values: Referrer" }).click();
  const dialog = page.getByRole("dialog", { name: "Referrer" });
  const values = dialog.getByRole("listitem");
  await until("all of them", async () => (await values.count()) === referrers.length);
  await allIsWell();
  await dialog.getByLabel("Search").fill("site-13");
  await until("the one that was sought", async () => (await values.count()) === 1);
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "dark" });
  await allIsWell();
  await values.getByRole("button").click();
  await dialog.waitFor({ state: "detached" });
  await page.waitForURL(/referrer=.*site-13/);
  await until("its one click", async () => (await page.locator(".figure").first().innerText()) === "1");
  assert.equal(await scrollsSideways(page), false);
  await allIsWell();
});
