// What people do, in a real browser in front of the real executable. Every flow ends with no complaint and nothing that axe finds.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { scrollsSideways, violations } from "./axe.ts";
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
  until,
  type Watched,
} from "./server.ts";

const PICTURES = process.env.ELIDO_PICTURES ?? new URL("../../pictures", import.meta.url).pathname;

let elido: Elido;
let api: Api;
let base = "";
let watched: Watched;

before(async () => {
  elido = await startElido();
});
after(async () => {
  await stopBrowser();
  elido?.stop();
});
beforeEach(async () => {
  watched = await open(elido);
});
afterEach(async (context) => {
  // How it ended, for whoever looks into a failure; a flow that passed does not fail for want of it.
  const name = "name" in context ? context.name.replaceAll(/\W+/g, "-") : "";
  await watched.page.screenshot({ path: `${PICTURES}/flow-${name}.png` }).catch(() => undefined);
  await closed(watched.context);
});

/** The end of every flow. */
async function allIsWell({ page, complaints }: Watched = watched): Promise<void> {
  assert.deepEqual(await violations(page), []);
  assert.deepEqual(complaints, []);
}

/** What was copied, read where no policy of the dashboard forbids it. */
async function clipboard({ context }: Watched = watched): Promise<string> {
  const reader = await context.newPage();
  await reader.goto(`${elido.url}/openapi.json`);
  const text = await reader.evaluate(() => navigator.clipboard.readText());
  await closed(reader);
  return text;
}

interface Made {
  id: string;
  short_url: string;
  version: number;
}

const make = (json: Record<string, unknown>) => api.ask<Made>("POST", `${base}/links`, json);
const address = (path: string) => `${elido.url}/w/marketing/${path}`;

test("a setup link makes the administrator once", async () => {
  const link = elido.setupLink();
  const { page } = watched;
  await page.goto(link);
  // The token leaves the address.
  await page.waitForURL(/setup$/);
  await page.getByLabel("Your name").fill("Ada");
  await page.getByLabel("Email").fill(EMAIL);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByLabel("Workspace").fill("Marketing");
  await page.getByRole("button", { name: "Create and sign in" }).click();
  await page.getByText("No links yet").waitFor();
  await allIsWell();
  await page.goto(`${link}&again`);
  await page.getByText("set up already").waitFor();
  api = await elido.signedIn();
  base = `/v1/workspaces/${api.workspace.id}`;
});

test("a wrong password is refused, a right one leads back to where one was", async () => {
  const { page } = watched;
  await page.goto(address("domains"));
  await page.getByLabel("Email").fill(EMAIL);
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
  await allIsWell();
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Domains", exact: true }).waitFor();
  await allIsWell();
});

test("a link is made by keys alone, followed, and counted", async () => {
  const { page } = watched;
  await signIn(elido, watched);
  await page.keyboard.press("c");
  await page.locator("input[name=destination]:focus").waitFor();
  await page.keyboard.type("https://example.com/by-keys");
  await page.keyboard.press("Control+Enter");
  await page.getByText(/is copied|is ready/).waitFor();
  const copied = await clipboard();
  const visit = await fetch(copied, {
    redirect: "manual",
    headers: { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0" },
  });
  assert.equal(visit.headers.get("location"), "https://example.com/by-keys");
  await until("the click in the list", async () => {
    await page.reload();
    await page.getByRole("row").nth(1).waitFor();
    return (await page.getByRole("row").nth(1).innerText()).includes("\n1");
  });
  await allIsWell();
});

test("a slug that is taken is told at its field, and a link is made once", async () => {
  await make({ destination_url: "https://example.com/taken", slug: "taken" });
  const { page } = watched;
  await signIn(elido, watched);
  await page.goto(address("links/new"));
  await page.getByLabel("Destination").fill("https://example.com/once");
  await page.getByLabel("Slug", { exact: true }).fill("taken");
  await page.getByText("Another link has this slug").waitFor();
  await page.keyboard.press("Control+Enter");
  await page.getByText("The domain has a link with this slug").waitFor();
  await page.getByLabel("Destination").fill("not an address");
  await page.getByLabel("Slug", { exact: true }).fill("once");
  await page.keyboard.press("Control+Enter");
  await page.getByText("1 field needs attention").waitFor();
  await page.locator("[name=destination]:focus").waitFor();
  await allIsWell();
  await page.getByLabel("Destination").fill("https://example.com/once");
  await page.getByRole("button", { name: "Save" }).dblclick();
  await page.getByText(/is copied|is ready/).waitFor();
  const found = () => api.ask<{ data: unknown[] }>("GET", `${base}/links?search=example.com/once`);
  assert.equal((await found()).data.length, 1);
  // In a field the keys would undo what was typed.
  await page.waitForURL(/\/links$/);
  await page.getByRole("heading", { name: "Links", exact: true }).waitFor();
  await page.keyboard.press("Control+z");
  await page.getByText("Undone").waitFor();
  assert.equal((await found()).data.length, 0);
});

test("rules decide as the page says they do", async () => {
  const rules = [
    {
      name: "Ukraine",
      conditions: [{ type: "countries", any_of: ["UA"] }],
      outcome: { type: "destination", destination_url: "https://example.com/ua" },
    },
    {
      name: "Phones",
      conditions: [{ type: "devices", any_of: ["mobile"] }],
      outcome: { type: "destination", destination_url: "https://example.com/phone" },
    },
  ];
  const link = await make({ destination_url: "https://example.com/all", slug: "ruled", rules });
  const { page } = watched;
  await signIn(elido, watched);
  await page.goto(address(`links/${link.id}/edit`));
  await page.getByLabel("Program").selectOption("Safari, iPhone");
  await page.getByRole("button", { name: "Try", exact: true }).click();
  await page.getByText("“Phones” decides").waitFor();
  await page.getByText("This one wins").waitFor();
  await allIsWell();
  const agent =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
  const visit = await fetch(link.short_url, { redirect: "manual", headers: { "user-agent": agent } });
  assert.equal(visit.headers.get("location"), "https://example.com/phone");

  await page.getByRole("button", { name: "Add a rule" }).click();
  await page.getByLabel("Name of the rule").fill("Firefox");
  await page.getByLabel("Add a condition").selectOption("browsers");
  await page.getByLabel("Add a value").fill("Firefox");
  await page.getByLabel("Address", { exact: true }).fill("https://example.com/firefox");
  // Up to the first place, by keys.
  await page.keyboard.press("Alt+ArrowUp");
  await page.keyboard.press("Alt+ArrowUp");
  await page.keyboard.press("Control+Enter");
  await page.getByText("Saved", { exact: true }).waitFor();
  const now = await api.ask<{ rules: { name: string }[] }>("GET", `${base}/links/${link.id}`);
  assert.deepEqual(
    now.rules.map((rule) => rule.name),
    ["Firefox", "Ukraine", "Phones"],
  );
  // What was saved a moment ago is taken back where one is now.
  await page.getByRole("button", { name: "Undo" }).last().click();
  await page.getByText("Undone").waitFor();
  const before = await api.ask<{ rules: { name: string }[] }>("GET", `${base}/links/${link.id}`);
  assert.deepEqual(
    before.rules.map((rule) => rule.name),
    ["Ukraine", "Phones"],
  );
});

test("two people do not overwrite each other", async () => {
  const link = await make({ destination_url: "https://example.com/both", slug: "both", title: "Before" });
  const { page } = watched;
  await signIn(elido, watched);
  await page.goto(address(`links/${link.id}/edit`));
  await page.getByLabel("Title").fill("Mine");
  await api.ask("PATCH", `${base}/links/${link.id}`, { title: "Theirs", comment: "from elsewhere" });
  await page.keyboard.press("Control+s");
  await page.getByRole("dialog").getByText("Somebody else changed this link").waitFor();
  await allIsWell();
  await page.getByRole("button", { name: "Go on with these" }).click();
  await page.keyboard.press("Control+s");
  await page.getByText("Saved", { exact: true }).waitFor();
  const now = await api.ask<{ title: string; comment: string }>("GET", `${base}/links/${link.id}`);
  assert.deepEqual([now.title, now.comment], ["Mine", "from elsewhere"]);
});

test("a draft outlives its session", async () => {
  const link = await make({ destination_url: "https://example.com/draft", slug: "draft" });
  const { page, context } = watched;
  await signIn(elido, watched);
  await page.goto(address(`links/${link.id}/edit`));
  await page.getByLabel("Title").fill("Kept");
  await context.clearCookies();
  await page.keyboard.press("Control+s");
  await page.getByRole("dialog").getByText("Your session has ended").waitFor();
  await page.getByRole("dialog").getByLabel("Email").fill(EMAIL);
  await page.getByRole("dialog").getByLabel("Password").fill(PASSWORD);
  await page.getByRole("dialog").getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  assert.equal(await page.getByLabel("Title").inputValue(), "Kept");
  await page.keyboard.press("Control+s");
  await page.getByText("Saved", { exact: true }).waitFor();
  await page.getByRole("heading", { name: "Kept" }).waitFor();
  await allIsWell();
});

test("what is done to many links is undone", async () => {
  const links = Array.from({ length: 250 }, (_, index) => ({
    destination_url: `https://example.com/many/${index}`,
    slug: `many-${index}`,
  }));
  await api.ask("POST", `${base}/links/bulk`, { links });
  const { page } = watched;
  await signIn(elido, watched);
  await page.goto(address("links?search=%22many-%22"));
  await page.getByText("250 links").waitFor();
  await page.keyboard.press("Control+a");
  await page.getByText("100 selected").waitFor();
  await page.keyboard.press("a");
  await page.getByText("100 links archived").waitFor();
  const archived = async () =>
    (await api.ask<{ data: unknown[] }>("GET", `${base}/links?search=many-&archived=true&limit=100`)).data.length;
  assert.equal(await archived(), 100);
  await page.keyboard.press("Control+z");
  await page.getByText("Undone").waitFor();
  assert.equal(await archived(), 0);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Delete");
  await page.getByText("1 link deleted").waitFor();
  await page.getByRole("button", { name: "Undo" }).last().click();
  await until(
    "the deleted link",
    async () =>
      (await api.ask<{ slug: string }>("GET", `${base}/links/lookup?domain=localhost&slug=many-249`)).slug ===
      "many-249",
  );
  await allIsWell();
});

test("the explorer filters by clicks, keeps it in the address, and counts as the API does", async () => {
  const link = await make({ destination_url: "https://example.com/explored", slug: "explored" });
  const agents = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  ];
  for (let count = 0; count < 12; count += 1) {
    await fetch(link.short_url, {
      redirect: "manual",
      headers: {
        "user-agent": agents[count % 3 === 0 ? 0 : 1] ?? "",
        referer: "https://news.example/",
        "x-forwarded-for": `81.2.3.${count}`,
      },
    });
  }
  const clicks = async (query: string) =>
    (await api.ask<{ clicks: number }>("GET", `${base}/analytics/summary?link=${link.id}${query}`)).clicks;
  await until("clicks that are stored", async () => (await clicks("")) === 12);
  const { page } = watched;
  await signIn(elido, watched);
  await page.goto(address(`links/${link.id}`));
  const figure = () => page.locator(".figure").first().innerText();
  await until("all clicks", async () => (await figure()) === "12");
  await page.getByLabel("Programs by").selectOption("browser");
  await page.getByRole("button", { name: /Firefox/ }).click();
  await until("fewer clicks", async () => (await figure()) === "4");
  assert.equal(await clicks("&browser=Firefox"), 4);
  assert.match(page.url(), /browser/);
  await page.getByRole("button", { name: /^Browser is Firefox/ }).click();
  await until("the others", async () => (await figure()) === "8");
  assert.equal(await clicks("&browser=!Firefox"), 8);
  await page.getByRole("button", { name: "Remove Firefox" }).click();
  await until("all clicks again", async () => (await figure()) === "12");
  await page.getByRole("button", { name: /Firefox/ }).click({ modifiers: ["Alt"] });
  await until("what is left", async () => (await figure()) === "8");
  await page.getByRole("button", { name: /^Browser is not Firefox/ }).click();
  await until("fewer clicks again", async () => (await figure()) === "4");
  await page.reload();
  await until("the same view", async () => (await figure()) === "4");
  // What the canvas holds is drawn anew when the system turns dark.
  const drawn = () => page.locator(".chart canvas").evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  const light = await drawn();
  await page.emulateMedia({ colorScheme: "dark" });
  await until("a dark chart", async () => (await drawn()) !== light);
  await page.emulateMedia({ colorScheme: "light" });
  await page.keyboard.press("x");
  await page.getByText(/was 0/).first().waitFor();
  await page.keyboard.press("v");
  await page.getByRole("columnheader", { name: "Clicks" }).waitFor();
  await allIsWell();
  for (let step = 0; step < 4; step += 1) await page.goBack();
  await until("the view before", async () => (await figure()) === "12");
});

test("an API key is shown once, works, and is revoked", async () => {
  const { page } = watched;
  await signIn(elido, watched);
  await until("the page of keys", async () => {
    await page.keyboard.press("g");
    await page.keyboard.press("k");
    return page.waitForURL(/\/keys$/, { timeout: 5_000 }).then(() => true);
  });
  await page.getByRole("button", { name: "New API key" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Newsletter");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  // The list shows how it begins, and may do so first.
  const token = await page.locator("code", { hasText: /^elido_[^…]+$/ }).innerText();
  const ask = () => fetch(`${elido.url}${base}/links`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal((await ask()).status, 200);
  await allIsWell();
  await page.getByRole("button", { name: "I have copied it" }).click();
  await page.reload();
  await page.getByText("Newsletter").waitFor();
  assert.ok(!(await page.content()).includes(token), "it is shown once");
  await page.getByRole("button", { name: "Revoke" }).click();
  await page.getByLabel(/Type Newsletter/).fill("Newsletter");
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await page.getByText("Newsletter is revoked").waitFor();
  assert.equal((await ask()).status, 401);
  await allIsWell();
});

test("a link is made by touch on a narrow screen", async () => {
  await closed(watched.context);
  watched = await open(elido, { width: 360, height: 740, touch: true });
  const { page } = watched;
  await signIn(elido, watched);
  await page.getByRole("link", { name: "New", exact: true }).tap();
  await page.getByLabel("Destination", { exact: true }).fill("https://example.com/by-touch");
  await page.getByRole("button", { name: "Save" }).tap();
  await page.getByText(/is copied|is ready/).waitFor();
  await page.getByText("example.com/by-touch").first().waitFor();
  assert.equal(await scrollsSideways(page), false);
  await allIsWell();
});

for (const [language, links, fresh] of [
  ["uk", "Посилання", "Нове посилання"],
  ["de", "Links", "Neuer Link"],
] as const) {
  test(`everything is there in ${language}`, async () => {
    const { page } = watched;
    await signIn(elido, watched);
    await page.evaluate(
      (name) => localStorage.setItem("elido.preferences", JSON.stringify({ language: name })),
      language,
    );
    await page.goto(address("links"));
    await page.getByRole("heading", { name: links }).waitFor();
    await page.getByRole("link", { name: fresh }).first().click();
    await page.getByRole("heading", { name: fresh }).waitFor();
    assert.equal(await page.getAttribute("html", "lang"), language);
    await allIsWell();
  });
}

test("a second factor is set up, asked for, and turned off", async () => {
  const { page } = watched;
  await signIn(elido, watched);
  await page.goto(`${elido.url}/me`);
  const section = page.getByRole("region", { name: "Second factor" });
  await section.getByLabel("Password").fill(PASSWORD);
  await section.getByRole("button", { name: "Set it up" }).click();
  const secret = await section.locator("code").first().innerText();
  await section.getByLabel("Code").fill(codeOf(secret));
  await section.getByRole("button", { name: "Turn it on" }).click();
  const recovery = (await section.locator("pre").innerText()).split("\n")[0] ?? "";
  await section.getByText("It is on.").waitFor();
  await allIsWell();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await page.getByLabel("Email").fill(EMAIL);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByLabel("Code").fill(recovery);
  await allIsWell();
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Links", exact: true }).waitFor();
  await page.goto(`${elido.url}/me`);
  await section.getByLabel("Password").fill(PASSWORD);
  await section.getByRole("button", { name: "Turn it off" }).click();
  await section.getByText("It is off.").waitFor();
  await allIsWell();
});

/** The code of an authenticator now (RFC 6238). */
function codeOf(secret: string): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret.replaceAll(/[^A-Z2-7]/g, "")]
    .map((letter) => letters.indexOf(letter).toString(2).padStart(5, "0"))
    .join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const hash = createHmac("sha1", key).update(step).digest();
  const start = (hash.at(-1) ?? 0) & 15;
  return String((hash.readUInt32BE(start) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}
