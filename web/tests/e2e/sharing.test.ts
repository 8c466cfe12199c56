// Views that are saved, pages that are shared with people who have no account, and clicks by day in the list.
import assert from "node:assert/strict";
import { test } from "node:test";
import { scrollsSideways } from "./axe.ts";
import { closed, open, signIn, until } from "./server.ts";
import { watching } from "./watching.ts";

const here = watching();
const AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0";

interface Made {
  id: string;
  short_url: string;
}

/** A link with a tag that was followed so often. */
async function clicked(slug: string, tag: string, times: number): Promise<Made> {
  const { api, base } = here;
  const link = await api.ask<Made>("POST", `${base}/links`, {
    destination_url: "https://example.com/",
    slug,
    tags: [tag],
  });
  for (let count = 0; count < times; count += 1)
    await fetch(link.short_url, {
      redirect: "manual",
      headers: { "user-agent": AGENT, referer: "https://news.example/" },
    });
  await until(
    "clicks",
    async () =>
      (await api.ask<{ clicks: number }>("GET", `${base}/analytics/summary?link=${link.id}`)).clicks === times,
  );
  return link;
}

test("a view of links is saved, opened elsewhere, not changed by looking, and deleted with a way back", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  await clicked("viewed", "spring", 3);
  await clicked("other", "autumn", 0);
  await signIn(elido, here);
  await page.goto(address("links?tag=spring&sort=created_at"));
  await page.getByText("1 link", { exact: true }).waitFor();
  // Three clicks are a line beside the number.
  await page.locator(".list-row svg.sparkline polyline").first().waitFor();
  await page.getByRole("button", { name: "Views" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("No views yet").waitFor();
  await dialog.getByLabel("Save what is shown, as").fill("Spring");
  await dialog.getByLabel("Everybody in the workspace sees it").check();
  await dialog.getByRole("button", { name: "Save", exact: true }).click();
  await dialog.getByRole("button", { name: "Spring", exact: true }).waitFor();
  await allIsWell();
  const views = () => api.ask<{ data: { query: string; shared: boolean; version: number }[] }>("GET", `${base}/views`);
  assert.deepEqual(
    (await views()).data.map(({ query, shared }) => [query, shared]),
    [["tag=spring&sort=created_at", true]],
  );
  await dialog.getByRole("button", { name: "Rename: Spring" }).click();
  await dialog.getByLabel("Name of the view Spring").fill("Springtime");
  await allIsWell();
  await dialog.getByRole("button", { name: "Save", exact: true }).first().click();
  await dialog.getByRole("button", { name: "Rename: Springtime" }).click();
  await dialog.getByLabel("Name of the view Springtime").fill("Spring");
  await page.keyboard.press("Enter");
  await dialog.getByRole("button", { name: "Rename: Spring", exact: true }).waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();

  await page.goto(address("links"));
  await page.getByText("/other").first().waitFor();
  await page.getByRole("button", { name: "Views" }).click();
  await dialog.getByRole("button", { name: "Spring", exact: true }).click();
  await page.waitForURL(/tag=spring/);
  await until("the one link", async () => (await page.getByRole("row").count()) === 2);
  await page.getByRole("button", { name: "Reset" }).click();
  await page.getByText("/other").first().waitFor();
  assert.equal((await views()).data[0]?.version, 3, "looking is not saving");
  await page.getByRole("button", { name: "Views" }).click();
  await dialog.getByRole("button", { name: "Take what is shown: Spring" }).click();
  await until("the view as it is shown", async () => (await views()).data[0]?.query === "sort=created_at");
  // The dialog deletes the version that it knows.
  await dialog.getByRole("button", { name: "Take what is shown: Spring" }).waitFor({ state: "detached" });
  await dialog.getByRole("button", { name: "Delete: Spring" }).click();
  await until("no view", async () => (await views()).data.length === 0);
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Undo" }).click();
  await until("the view again", async () => (await views()).data[0]?.query === "sort=created_at");
  await allIsWell();
});

test("a view of clicks keeps what is left out", async () => {
  const { page, elido, address, allIsWell } = here;
  await signIn(elido, here);
  await page.goto(address(`analytics?period=7d&country=${encodeURIComponent('["!DE","UA"]')}&bots=true`));
  await page.getByRole("button", { name: "Views" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Save what is shown, as").fill("Not from Germany");
  await dialog.getByRole("button", { name: "Save", exact: true }).click();
  await dialog.getByRole("button", { name: "Not from Germany", exact: true }).waitFor();
  await page.goto(address("analytics"));
  await page.getByRole("button", { name: "Views" }).click();
  await dialog.getByRole("button", { name: "Not from Germany", exact: true }).click();
  await page.getByRole("button", { name: "Country is not Germany" }).waitFor();
  await page.getByRole("button", { name: "Country is Ukraine" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "With bots" }).getAttribute("aria-pressed"), "true");
  assert.match(page.url(), /period=7d/);
  await allIsWell();
});

test("clicks are shared with somebody who has no account, who sees those and nothing else until it is taken back", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  const link = await clicked("shared", "shared", 4);
  await signIn(elido, here);
  await page.goto(address(`links/${link.id}`));
  await page.getByRole("button", { name: "Share", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Heading of the page").fill("For the client");
  await dialog.getByLabel("Password").fill("short");
  await dialog.getByRole("button", { name: "Make the address" }).click();
  await dialog.getByText("8 to 128 characters").waitFor();
  await allIsWell();
  await dialog.getByLabel("Password").fill("open sesame");
  await dialog.getByRole("button", { name: "Make the address" }).click();
  const url = await dialog.locator("code").innerText();
  await dialog.getByText("For the client").waitFor();
  await allIsWell();

  const guest = await open(elido);
  await guest.page.goto(elido.url + new URL(url).pathname);
  await guest.page.getByLabel("Password").fill("open barley");
  await guest.page.getByRole("button", { name: "Open" }).click();
  await guest.page.getByText("This is not the password").waitFor();
  await allIsWell(guest as typeof here);
  await guest.page.getByLabel("Password").fill("open sesame");
  await guest.page.getByRole("button", { name: "Open" }).click();
  await guest.page.getByRole("heading", { name: "For the client" }).waitFor();
  assert.equal(await guest.page.locator(".figure").first().innerText(), "4");
  await guest.page.getByRole("region", { name: "Referrer" }).getByText("news.example").waitFor();
  assert.doesNotMatch(await guest.page.content(), /ada@example.com|lnk_|Marketing/);
  await guest.page.getByLabel("Period").selectOption("Last 7 days");
  await guest.page.waitForURL(/period=7d/);
  await allIsWell(guest as typeof here);
  await guest.page.setViewportSize({ width: 360, height: 740 });
  await guest.page.emulateMedia({ colorScheme: "dark" });
  // A chart takes its new width a moment later.
  await until("a page that does not scroll sideways", async () => !(await scrollsSideways(guest.page)));
  await allIsWell(guest as typeof here);
  // What opens this page opens no other.
  const opened = await guest.page.request.get(`${elido.url}${base}/analytics/summary`);
  assert.equal(opened.status(), 401);

  await dialog.getByRole("button", { name: "Take back: For the client" }).click();
  await dialog.getByRole("button", { name: "Take back for good: For the client" }).click();
  await page.getByText("For the client is no longer shared").waitFor();
  assert.deepEqual((await api.ask<{ data: unknown[] }>("GET", `${base}/shares`)).data, []);
  await guest.page.reload();
  await guest.page.getByText("This page is no longer shared").waitFor();
  await allIsWell(guest as typeof here);
  await guest.page.goto(`${elido.url}/s/share_${"A".repeat(43)}`);
  await guest.page.getByText("No page is shared at this address").waitFor();
  await allIsWell(guest as typeof here);
  await closed(guest.context);
});

test("a page with a password tries it seldom, and never while nobody looks or it is wrong", async () => {
  const { elido, api, base, allIsWell } = here;
  const draft = { name: "On the wall", filters: "tag=wall", password: "open sesame" };
  const share = await api.ask<{ id: string; url: string }>("POST", `${base}/shares`, draft);
  const guest = await open(elido);
  const { page } = guest;
  let tries = 0;
  page.on("request", (request) => {
    if (request.url().endsWith("/v1/shared-reports") && request.postDataJSON().password) tries += 1;
  });
  const seen = (state: "hidden" | "visible") =>
    page.evaluate((now) => {
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => now });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  await page.clock.install();
  await page.goto(elido.url + new URL(share.url).pathname);
  await page.getByLabel("Password").fill("open sesame");
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByRole("heading", { name: "On the wall" }).waitFor();
  assert.equal(tries, 1);
  // This clock goes on by itself as well.
  await page.clock.runFor("09:00");
  assert.equal(tries, 1);
  await page.clock.runFor("01:10");
  await until("the second look", async () => tries === 2);
  await seen("hidden");
  await page.clock.runFor("30:00");
  assert.equal(tries, 2);
  await seen("visible");
  await page.clock.runFor("00:01");
  await until("a look of whoever comes back", async () => tries === 3);
  await page.getByRole("button", { name: "Look again" }).click();
  await until("a look that was asked for", async () => tries === 4);
  await allIsWell(guest as typeof here);

  await api.ask("PATCH", `${base}/shares/${share.id}`, { password: "close sesame" });
  await page.clock.runFor("10:10");
  await page.getByText("This is not the password").waitFor();
  assert.equal(tries, 5);
  await page.clock.runFor("59:00");
  assert.equal(tries, 5);
  await allIsWell(guest as typeof here);
  await closed(guest.context);
});
