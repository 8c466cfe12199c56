// What goes wrong between a page and its server while somebody writes: nothing that was typed is lost, the page says what is the matter,
// and goes on by itself. `dev/chaos dashboard` makes it longer, and takes a database away.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { violations } from "./axe.ts";
import { type Postgres, startPostgres } from "./postgres.ts";
import { startProxy, type Way } from "./proxy.ts";
import { type Api, closed, type Elido, open, signIn, startElido, stopBrowser, until, type Watched } from "./server.ts";

const CUTS = Number(process.env.DASHBOARD_CUTS ?? 4);
const AWAY_SECONDS = Number(process.env.DASHBOARD_AWAY_SECONDS ?? 4);
const WITH_DATABASE = process.env.DASHBOARD_DATABASE === "postgres";

let elido: Elido;
let api: Api;
let proxy: Way;
let postgres: Postgres | undefined;
let base = "";

before(async () => {
  postgres = WITH_DATABASE ? startPostgres() : undefined;
  elido = await startElido({
    ...(postgres ? { database: postgres.url } : {}),
    before: async (port) => {
      proxy = await startProxy(port);
      return proxy.port;
    },
  });
  api = await elido.bootstrap();
  base = `/v1/workspaces/${api.workspace.id}`;
});
after(async () => {
  await stopBrowser();
  proxy?.stop();
  elido?.stop();
  postgres?.remove();
});

interface Made {
  id: string;
  title?: string;
}

/** Somebody who edits a link of their own. */
async function editing(slug: string): Promise<Watched & { link: Made }> {
  const link = await api.ask<Made>("POST", `${base}/links`, { destination_url: "https://example.com/", slug });
  const watched = await open(elido);
  await signIn(elido, watched);
  await watched.page.goto(`${elido.url}/w/marketing/links/${link.id}/edit`);
  await watched.page.getByLabel("Title").waitFor();
  return { ...watched, link };
}

/** Saves what was written, and looks whether it arrived. */
async function saved({ page, link, complaints, context }: Watched & { link: Made }, title: string): Promise<void> {
  assert.equal(await page.getByLabel("Title").inputValue(), title);
  await page.keyboard.press("Control+s");
  await page.getByText("Saved", { exact: true }).waitFor();
  assert.equal((await api.ask<Made>("GET", `${base}/links/${link.id}`)).title, title);
  // The editor is still there until the page of the link is.
  await page.waitForURL((url) => !url.pathname.endsWith("/edit"));
  await page.getByLabel("Title").waitFor({ state: "detached" });
  await page.locator("h1").first().waitFor();
  assert.deepEqual(await violations(page), []);
  // The browser itself writes down every request that was not answered, and every script that was not there.
  assert.deepEqual(
    complaints.filter((complaint) => !/Failed to (load resource|fetch dynamically)|net::ERR_/.test(complaint)),
    [],
  );
  await closed(context);
}

test("streams that are cut again and again cost no letter, and others' changes are seen afterwards", async () => {
  const editor = await editing("cut");
  const { page } = editor;
  const list = await editor.context.newPage();
  await list.goto(`${elido.url}/w/marketing/links`);
  await list.getByRole("row").nth(1).waitFor();
  let text = "";
  for (let cut = 0; cut < CUTS; cut += 1) {
    await until("a stream", async () => proxy.streams() > 0);
    proxy.cutStreams();
    text += String.fromCharCode(97 + (cut % 26));
    await page.getByLabel("Title").pressSequentially(text.slice(-1));
  }
  await api.ask("POST", `${base}/links`, { destination_url: "https://example.com/", slug: "made-meanwhile" });
  await list.getByText("/made-meanwhile").first().waitFor();
  await closed(list);
  await saved(editor, text);
});

test("a server that dies while somebody writes is told of, and what they wrote is saved when it is back", async () => {
  const editor = await editing("dies");
  const { page } = editor;
  await page.getByLabel("Title").pressSequentially("before, ");
  await elido.kill();
  await page.getByText("The server does not answer.").first().waitFor();
  await page.getByLabel("Title").pressSequentially("meanwhile, ");
  await page.keyboard.press("Control+s");
  await page.getByText("Check the connection, then try again").waitFor();
  assert.deepEqual(await violations(page), []);
  await new Promise((resolve) => setTimeout(resolve, AWAY_SECONDS * 1000));
  await elido.start();
  await page.getByText("The server is back.").waitFor();
  await page.getByText("What you write is kept; this page goes on").waitFor({ state: "hidden" });
  await page.getByLabel("Title").pressSequentially("after");
  await saved(editor, "before, meanwhile, after");
});

test("a server that hangs is told of, and the request that waited is done", async () => {
  const editor = await editing("hangs");
  const { page } = editor;
  await page.getByLabel("Title").pressSequentially("kept");
  await elido.pause();
  await page.keyboard.press("Control+s");
  await page.getByText("What you write is kept; this page goes on").waitFor();
  assert.equal(await page.getByLabel("Title").inputValue(), "kept");
  elido.resume();
  await page.getByText("Saved", { exact: true }).waitFor();
  assert.equal((await api.ask<Made>("GET", `${base}/links/${editor.link.id}`)).title, "kept");
  await closed(editor.context);
});

test("a page whose browser dies has what was written when it is opened again", async () => {
  const editor = await editing("crash");
  const { page } = editor;
  await page.getByLabel("Title").pressSequentially("kept");
  const address = page.url();
  await closed(page);
  const again = await editor.context.newPage();
  await again.goto(address);
  await again.getByText("This is what you wrote last time").waitFor();
  await saved({ ...editor, page: again }, "kept");
});

test("a database that is gone is told of, nobody is signed out, and all goes on when it is back", {
  skip: !WITH_DATABASE,
}, async () => {
  const editor = await editing("database");
  const { page } = editor;
  await page.getByLabel("Title").pressSequentially("before, ");
  postgres?.pause();
  await page.keyboard.press("Control+s");
  await page.getByText("What you write is kept; this page goes on").waitFor({ timeout: 60_000 });
  await page.getByLabel("Title").pressSequentially("meanwhile");
  await new Promise((resolve) => setTimeout(resolve, AWAY_SECONDS * 1000));
  assert.equal(await page.getByText("Your session has ended").count(), 0);
  postgres?.resume();
  await page.getByText("What you write is kept; this page goes on").waitFor({ state: "hidden", timeout: 60_000 });
  await until("a link that is saved", async () => {
    await page.keyboard.press("Control+s");
    return (await api.ask<Made>("GET", `${base}/links/${editor.link.id}`)).title === "before, meanwhile";
  });
  await closed(editor.context);
});

test("a page of another version than its server says so, and what was written is there after it was loaded anew", async () => {
  const editor = await editing("version");
  const { page } = editor;
  await page.getByLabel("Title").pressSequentially("kept");
  // The page as it is on the day after: the server knows other scripts, and no longer those of this page.
  const boot = async (scripts: string | undefined) => {
    await page.unroute("**/bff/boot");
    await page.route("**/bff/boot", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), scripts } });
    });
  };
  await boot("/assets/base-of-tomorrow.js");
  await page.route(/\/assets\/Palette-.*\.js/, (route) => route.fulfill({ status: 404 }));
  await page.keyboard.press("Control+k");
  await page.getByText("The server has another version than this page").waitFor();
  assert.equal(await page.getByLabel("Title").inputValue(), "kept", "the page stays as it is");
  assert.deepEqual(await violations(page), []);
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.getByRole("button", { name: "Load it anew" }).click();
  await page.getByText("This is what you wrote last time").waitFor();
  assert.equal(await page.getByText("The server has another version").count(), 0);
  // A server of yesterday says nothing of scripts.
  await boot(undefined);
  await page.reload();
  await page.getByText("The server has another version than this page").waitFor();
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.reload();
  await page.getByText("This is what you wrote last time").waitFor();
  await saved(editor, "kept");
});
