// A page that stays open while its server becomes another version, with the files of two builds: it says so, breaks nowhere, and loses no
// letter, whichever of the two is the newer one.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { violations } from "./axe.ts";
import { type Builds, buildTwice } from "./builds.ts";
import { type Front, scriptsOf, startFront } from "./front.ts";
import {
  type Api,
  closed,
  type Elido,
  EMAIL,
  open,
  PASSWORD,
  signIn,
  startElido,
  stopBrowser,
  type Watched,
} from "./server.ts";

const NEWER = "The server has another version than this page";
/** By what a page shows whose it is. */
const SIGNS = ["Live", "Live now"] as const;
const WAYS = [
  ["an old page before a new server", 0, 1],
  ["a new page before an old server", 1, 0],
] as const;

let builds: Builds;
let elido: Elido;
let api: Api;
let front: Front;
let base = "";

before(async () => {
  builds = buildTwice("frame.ts", 'live: "Live"', 'live: "Live now"');
  elido = await startElido({
    before: async (port) => {
      front = await startFront(port, builds.folders[0]);
      return front.port;
    },
  });
  api = await elido.bootstrap();
  base = `/v1/workspaces/${api.workspace.id}`;
});
after(async () => {
  await stopBrowser();
  front?.stop();
  elido?.stop();
  builds?.remove();
});

/** That a script is no longer there, the browser itself writes down. */
function isWell({ complaints }: Watched): void {
  const own = complaints.filter((complaint) => !/Failed to (load resource|fetch dynamically)/.test(complaint));
  assert.deepEqual(own, []);
}

const isOf = ({ page }: Watched, build: 0 | 1) =>
  page.locator(".side").getByRole("link", { name: SIGNS[build], exact: true }).waitFor();

async function opened(build: 0 | 1, path: string): Promise<Watched> {
  front.show(builds.folders[build]);
  const watched = await open(elido);
  await signIn(elido, watched);
  await watched.page.goto(elido.url + path);
  await isOf(watched, build);
  return watched;
}

test("two builds begin with other scripts", () => {
  assert.notEqual(scriptsOf(builds.folders[0]), scriptsOf(builds.folders[1]));
});

for (const [way, own, other] of WAYS) {
  test(`${way} keeps what is written, says so, and goes on as the other one`, async () => {
    const link = await api.ask<{ id: string; title?: string }>("POST", `${base}/links`, {
      destination_url: "https://example.com/",
    });
    const watched = await opened(own, `/w/marketing/links/${link.id}/edit`);
    const { page } = watched;
    await page.getByLabel("Title").pressSequentially("kept");
    assert.equal(await page.getByText(NEWER).count(), 0);
    front.show(builds.folders[other]);
    // The palette is a script that this page does not have yet, and that is no longer there.
    await page.keyboard.press("Control+k");
    await page.getByText(NEWER).waitFor();
    assert.equal(await page.getByLabel("Title").inputValue(), "kept");
    assert.deepEqual(await violations(page), []);
    // What is loaded already goes on working.
    await page.getByLabel("Title").pressSequentially(" and written");
    await page.getByRole("button", { name: "Load it anew" }).click();
    await isOf(watched, other);
    await page.getByText("This is what you wrote last time").waitFor();
    assert.equal(await page.getByLabel("Title").inputValue(), "kept and written");
    assert.equal(await page.getByText(NEWER).count(), 0);
    await page.keyboard.press("Control+s");
    await page.getByText("Saved", { exact: true }).waitFor();
    assert.equal((await api.ask<typeof link>("GET", `${base}/links/${link.id}`)).title, "kept and written");
    isWell(watched);
    await closed(watched.context);
  });

  test(`${way} saves, though the page that comes then is of the other one`, async () => {
    const link = await api.ask<{ id: string; title?: string }>("POST", `${base}/links`, {
      destination_url: "https://example.com/",
    });
    const watched = await opened(own, `/w/marketing/links/${link.id}/edit`);
    const { page } = watched;
    await page.getByLabel("Title").fill("saved");
    front.show(builds.folders[other]);
    await page.keyboard.press("Control+s");
    await page.getByRole("heading", { name: "saved" }).waitFor();
    await page.getByRole("heading", { name: "History" }).waitFor();
    assert.equal((await api.ask<typeof link>("GET", `${base}/links/${link.id}`)).title, "saved");
    assert.deepEqual(await violations(page), []);
    isWell(watched);
    await closed(watched.context);
  });

  test(`${way} goes to every page, by whichever of the two`, async () => {
    const watched = await opened(own, "/w/marketing/links");
    const { page } = watched;
    front.show(builds.folders[other]);
    for (const name of ["Domains", "People", "API keys", "Settings", "Analytics"]) {
      await page.locator(".side").getByRole("link", { name, exact: true }).click();
      await page.getByRole("heading", { name, exact: true, level: 1 }).waitFor();
      assert.deepEqual(await violations(page), []);
    }
    await isOf(watched, other);
    isWell(watched);
    await closed(watched.context);
  });

  test(`${way} signs in, and is the other one then`, async () => {
    front.show(builds.folders[own]);
    const watched = await open(elido);
    const { page } = watched;
    await page.goto(`${elido.url}/sign-in`);
    await page.getByLabel("Email").fill(EMAIL);
    await page.getByLabel("Password").fill(PASSWORD);
    front.show(builds.folders[other]);
    await page.getByRole("button", { name: "Sign in" }).click();
    await isOf(watched, other);
    await page.getByRole("heading", { name: "Links", exact: true }).waitFor();
    isWell(watched);
    await closed(watched.context);
  });

  test(`${way}, seen again after it was hidden, says so by itself`, async () => {
    const watched = await opened(own, "/w/marketing/links");
    const { page } = watched;
    front.show(builds.folders[other]);
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await page.getByText(NEWER).waitFor();
    assert.deepEqual(await violations(page), []);
    isWell(watched);
    await closed(watched.context);
  });
}
