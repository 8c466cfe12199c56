// What guards links: a second person, times without changes, and budgets of clicks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { scrollsSideways } from "./axe.ts";
import { closed, open, signIn, until, type Watched } from "./server.ts";
import { watching } from "./watching.ts";

const here = watching();
const GRACE = "grace@example.com";
const AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0";

interface Made {
  id: string;
  short_url: string;
}

const make = (slug: string, more: object = {}) =>
  here.api.ask<Made>("POST", `${here.base}/links`, { destination_url: "https://example.com/old", slug, ...more });

const visit = (link: Made) => fetch(link.short_url, { redirect: "manual", headers: { "user-agent": AGENT } });

/** Grace, who edits links, in a browser of her own. */
async function withGrace(): Promise<Watched> {
  const { elido, api, base } = here;
  await api.ask("POST", `${base}/invitations`, { email: GRACE, role: "editor" });
  const letter = await until("the invitation", async () => elido.letters(GRACE)[0]);
  const watched = await open(elido);
  await watched.page.goto(`${elido.url}/invitation${/#\S+/.exec(letter)?.[0]}`);
  await watched.page.getByLabel("Your name").fill("Grace");
  await watched.page.getByLabel("Password").fill("a password of hers");
  await watched.page.getByRole("button", { name: "Join" }).click();
  await watched.page.getByRole("heading", { name: "Links", exact: true }).waitFor();
  return watched;
}

async function isNarrow({ page }: Watched): Promise<void> {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await scrollsSideways(page), false);
}

test("a guarded link is changed once a second person approves, who may refuse as well", async () => {
  const { page, elido, address, allIsWell } = here;
  const link = await make("guarded");
  const grace = await withGrace();
  await signIn(elido, here);
  await page.goto(address(`links/${link.id}/edit`));
  await page.locator("summary", { hasText: "More" }).click();
  await page.getByLabel("Changes that visitors notice need a second person").check();
  await page.keyboard.press("Control+s");
  await page.getByText("Saved", { exact: true }).waitFor();

  await page.goto(address(`links/${link.id}/edit`));
  await page.getByLabel("Destination").fill("https://example.com/new");
  await page.keyboard.press("Control+s");
  const dialog = page.getByRole("dialog");
  await dialog.getByText("This needs a second person").waitFor();
  await dialog.getByLabel("Why, for whoever decides").fill("It has moved");
  await allIsWell();
  await dialog.getByRole("button", { name: "Ask for approval" }).click();
  await page.getByRole("heading", { name: "Changes that wait" }).waitFor();
  await page.getByText("Somebody else has to approve what you ask for.").waitFor();
  await allIsWell();
  assert.equal((await visit(link)).headers.get("location"), "https://example.com/old");

  await grace.page.reload();
  await grace.page.getByRole("link", { name: "Approvals 1 waits for you" }).click();
  const asked = grace.page.getByRole("listitem").filter({ hasText: "Ada asks for this" });
  await asked.getByText("It has moved").waitFor();
  await asked.getByText("https://example.com/new").waitFor();
  await allIsWell(grace as typeof here);
  await isNarrow(grace);
  await allIsWell(grace as typeof here);
  await asked.getByRole("button", { name: "Approve", exact: true }).click();
  await grace.page.getByText("No such requests").waitFor();
  await until("the new destination", async () => {
    return (await visit(link)).headers.get("location") === "https://example.com/new";
  });
  // Ada's page learns of it by itself.
  await page.getByRole("heading", { name: "Changes that wait" }).waitFor({ state: "hidden" });

  await page.getByRole("button", { name: "Ask for its deletion" }).click();
  await page.getByText("Delete the link").waitFor();
  await allIsWell();
  await grace.page.reload();
  const deletion = grace.page.getByRole("listitem").filter({ hasText: "Delete the link" });
  await deletion.getByRole("button", { name: "Refuse" }).click();
  await deletion.getByLabel("Reason").fill("It is printed");
  await deletion.getByRole("button", { name: "Refuse" }).click();
  await grace.page.getByText("No such requests").waitFor();
  await grace.page.getByLabel("Which").selectOption("refused");
  await grace.page.waitForURL(/state=refused/);
  await grace.page.getByText("Reason: It is printed").waitFor();
  await allIsWell(grace as typeof here);
  await closed(grace.context);

  await page.getByRole("button", { name: "Ask for its deletion" }).click();
  await page.getByRole("button", { name: "Withdraw" }).click();
  await page.getByRole("heading", { name: "Changes that wait" }).waitFor({ state: "hidden" });
  assert.equal((await visit(link)).status, 302);
  await allIsWell();
});

test("a printed link is approved by somebody who knows that it is printed, and a change that is outdated by nobody", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  const link = await make("paper", { needs_approval: true });
  await api.ask("PUT", `${base}/links/${link.id}/printed`);
  const watched = await open(elido);
  await watched.page.goto(`${elido.url}/sign-in`);
  await watched.page.getByLabel("Email").fill(GRACE);
  await watched.page.getByLabel("Password").fill("a password of hers");
  await watched.page.getByRole("button", { name: "Sign in" }).click();
  await watched.page.getByRole("heading", { name: "Links", exact: true }).waitFor();
  await api.ask("POST", `${base}/links/${link.id}/change-requests`, {
    changes: { destination_url: "https://example.com/new", confirm_printed: true },
  });
  await watched.page.goto(address("approvals"));
  await watched.page.getByRole("button", { name: "Approve", exact: true }).click();
  await watched.page.getByText("may be in print").waitFor();
  await allIsWell(watched as typeof here);
  await watched.page.getByRole("button", { name: "Approve it all the same" }).click();
  await watched.page.getByText("No such requests").waitFor();
  await api.ask("POST", `${base}/links/${link.id}/change-requests`, { delete: true });
  await api.ask("PATCH", `${base}/links/${link.id}`, { title: "Another" });
  await signIn(elido, here);
  await watched.page.reload();
  await watched.page.getByText("The link was changed since.").waitFor();
  assert.equal(await watched.page.getByRole("button", { name: "Approve", exact: true }).isDisabled(), true);
  await allIsWell(watched as typeof here);
  await closed(watched.context);
  await page.goto(address("approvals"));
  await page.getByRole("button", { name: "Withdraw" }).click();
  await page.getByText("No such requests").waitFor();
});

test("while a time without changes runs, pages say so, and whoever saves reads why not", async () => {
  const { page, elido, address, allIsWell } = here;
  const link = await make("frozen");
  await signIn(elido, here);
  await page.goto(address("settings"));
  const section = page.getByRole("region", { name: "Times without changes" });
  await section.getByText("No such times.").waitFor();
  await section.getByLabel("Reason, as whoever").fill("Black Friday");
  await section.getByLabel("Until").fill("2000-01-01T00:00");
  await section.getByRole("button", { name: "Set it" }).click();
  await section.locator(".error").waitFor();
  await allIsWell();
  await section.getByLabel("Until").fill("2099-12-01T00:00");
  await section.getByRole("button", { name: "Set it" }).click();
  await section.getByText("Now", { exact: true }).waitFor();
  await allIsWell();

  await page.goto(address(`links/${link.id}/edit`));
  await page.getByText(/Links are left as they are until .*: Black Friday/).waitFor();
  await page.getByLabel("Title").fill("Another");
  await page.keyboard.press("Control+s");
  await page.locator(".save-bar").getByText("Black Friday").waitFor();
  await allIsWell();
  await isNarrow(here);

  await page.goto(address("settings"));
  await section.getByRole("button", { name: "End it now" }).click();
  await section.getByText("Over", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await section.getByText("Now", { exact: true }).waitFor();
  await section.getByRole("button", { name: "End it now" }).click();
  await section.getByText("Over", { exact: true }).waitFor();
  await allIsWell();
  await page.goto(address(`links/${link.id}/edit`));
  await page.getByText("This is what you wrote last time").waitFor();
  assert.equal(await page.getByText("Links are left as they are").count(), 0);
  await page.keyboard.press("Control+s");
  await page.getByText("Saved", { exact: true }).waitFor();
});

test("a click budget is set, its use is told, and it refuses visitors once it is used up", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  const link = await make("budget");
  await signIn(elido, here);
  await page.goto(address(`links/${link.id}/edit`));
  await page.getByText("Schedule and limits").click();
  await page.getByLabel("Clicks a period").fill("3");
  await page.getByLabel("Period", { exact: true }).selectOption("Week, from Monday on");
  await page.keyboard.press("Control+s");
  await page.getByText("0 of 3 used. 3 left until").waitFor();
  const zone = await page.evaluate(() => Intl.DateTimeFormat().resolvedOptions().timeZone);
  const kept = await api.ask<{ click_budget: unknown }>("GET", `${base}/links/${link.id}`);
  assert.deepEqual(kept.click_budget, { clicks: 3, period: "week", time_zone: zone });
  for (let count = 0; count < 3; count += 1) assert.equal((await visit(link)).status, 302);
  assert.equal((await visit(link)).status, 410);
  await page.reload();
  await page.getByText("3 of 3 used. Used up: visitors are refused until").waitFor();
  await allIsWell();
  await page.goto(address(`links/${link.id}/edit`));
  await page.getByText("3 of 3 used.").waitFor();
  await allIsWell();
  await page.getByLabel("Clicks a period").fill("");
  await page.keyboard.press("Control+s");
  await page.getByText("Saved", { exact: true }).waitFor();
  await until("a link without a budget", async () => (await visit(link)).status === 302);
});
