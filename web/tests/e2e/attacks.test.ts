// What people with bad intentions try on the dashboard, in a real browser in front of the real executable.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { closed, forgetSession, PASSWORD, signIn, until } from "./server.ts";
import { watching } from "./watching.ts";

const here = watching();

/** Another site. `localhost` with another port is another origin of the same site; `127.0.0.1` is another site. */
let evil: Server;
let evilPort = 0;
let evilPage = "";
before(async () => {
  evil = createServer((_, response) => response.setHeader("content-type", "text/html").end(evilPage));
  await new Promise<void>((resolve) => evil.listen(0, "127.0.0.1", resolve));
  evilPort = (evil.address() as { port: number }).port;
});
after(() => evil.close());

const SCRIPTS = [
  "<img src=x onerror=hacked=1>",
  '"><svg onload=hacked=1>',
  "</script><script>hacked=1</script>",
  "{{hacked}}$t(nav.signOut)",
];
const script = (about: string) => `${about} ${SCRIPTS.join(" ")}`;
const short = (about: string) => `${about} <img src=x onerror=hacked=1>`.slice(0, 50);

test("nothing that people or visitors write is more than text", async () => {
  const { page, elido, api, base, address } = here;
  const post = <Made>(path: string, json: unknown) => api.ask<Made>("POST", `${base}${path}`, json);
  const folder = await post<{ id: string }>("/folders", { name: short("folder") });
  await post("/utm-templates", {
    name: short("template"),
    utm: { source: short("source"), campaign: script("campaign") },
  });
  const split = {
    type: "split",
    variants: [{ name: short("variant"), weight: 1, destination_url: "https://example.com/split" }],
  };
  const link = await post<{ id: string; short_url: string }>("/links", {
    destination_url: "https://example.com/?q=<img src=x onerror=hacked=1>",
    slug: "xss",
    title: script("title"),
    description: script("description"),
    comment: script("comment"),
    external_id: short("external"),
    tags: [short("tag")],
    folder_id: folder.id,
    utm: { source: short("source"), medium: short("medium"), campaign: script("campaign") },
    rules: [
      { name: short("never"), conditions: [{ type: "countries", any_of: ["UA"] }], outcome: split },
      { name: short("rule"), conditions: [{ type: "devices", any_of: ["desktop"] }], outcome: split },
    ],
  });
  await assert.rejects(post("/links", { destination_url: "javascript:hacked=1" }), /400/);
  await assert.rejects(post("/links", { destination_url: "https://example.com/", slug: "<svg>" }), /400/);
  await post(`/links/${link.id}/comments`, { text: script("remark") });
  await post("/views", {
    name: script("view").slice(0, 100),
    page: "links",
    query: "search=<img src=x onerror=hacked=1>",
  });
  await post("/api-keys", { name: script("key").slice(0, 100), scopes: ["links:read"] });
  await api.ask("PATCH", base, { name: script("workspace").slice(0, 100) });
  const gone = await post<{ id: string }>("/links", {
    destination_url: "https://example.com/",
    slug: "gone",
    title: script("gone"),
  });
  await api.ask("DELETE", `${base}/links/${gone.id}`);
  const share = await post<{ url: string }>("/shares", { name: script("share").slice(0, 100) });

  const file = join(tmpdir(), `elido-attack-${process.pid}.csv`);
  const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
  writeFileSync(
    file,
    `destination_url,slug,title,tags\nhttps://example.com/,imported,${cell(script("imported"))},${cell(short("csv"))}\n`,
  );
  const key = await post<{ token: string }>("/api-keys", { name: "Import", scopes: ["links:read", "links:write"] });
  elido.run("import", file, "--token", key.token, "--workspace", api.workspace.id);

  const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0";
  const campaign = new URLSearchParams({
    utm_source: script("visitor"),
    utm_campaign: script("visitor"),
    utm_term: SCRIPTS[0] ?? "",
  });
  // The first one waits for the table of user agents.
  for (const headers of [
    { "user-agent": agent, referer: "https://<img src=x onerror=hacked=1>.example/" },
    { "user-agent": agent, referer: `https://evil.example/${SCRIPTS[0]}`, "accept-language": "<svg onload=hacked=1>" },
    { "user-agent": `${agent} ${SCRIPTS[1]}` },
  ])
    await until(
      "a redirect",
      async () => (await fetch(`${link.short_url}?${campaign}`, { redirect: "manual", headers })).status === 302,
    );
  await until(
    "clicks",
    async () => (await api.ask<{ clicks: number }>("GET", `${base}/analytics/summary`)).clicks >= 3,
  );

  await page.addInitScript(() => {
    Object.defineProperty(globalThis, "hacked", { value: 0, writable: true });
    document.addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.blockedURI}`));
  });
  page.on("dialog", (dialog) => here.complaints.push(`a dialog: ${dialog.message()}`));
  const search = (filters: Record<string, string[]>) =>
    new URLSearchParams(Object.entries(filters).map(([name, values]) => [name, JSON.stringify(values)]));
  const look = async (sign: string) => {
    await page.getByText(sign).first().waitFor();
    assert.equal(await page.evaluate(() => (globalThis as unknown as { hacked: number }).hacked), 0, page.url());
  };
  await signIn(elido, here);
  for (const [path, sign] of [
    ["links", "/xss"],
    ["links?search=imported", "/imported"],
    [`links/${link.id}`, script("title")],
    [`links/${link.id}/edit`, "Where visitors go"],
    [`links/${link.id}/qr`, "Contrast 21"],
    ["bin", "/gone"],
    [
      `analytics?${search({ utm_source: [script("visitor")], referrer: [SCRIPTS[0] ?? ""], tag: [SCRIPTS[1] ?? ""] })}`,
      SCRIPTS[0] ?? "",
    ],
    ["analytics?source=utm_campaign&what=tag&program=language", "Clicks and visitors"],
    ["live", "/xss"],
    ["keys", "key <img"],
    ["audit", "link.created"],
    ["settings", "Name in addresses"],
  ] as const) {
    await page.goto(address(path));
    await look(sign);
  }
  await page.goto(address("links"));
  await page.getByRole("button", { name: "Views" }).click();
  await look("view <img");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").fill("xss");
  await page.getByRole("option", { name: /xss/ }).first().waitFor();
  await page.goto(elido.url + new URL(share.url).pathname);
  await look("share <img");
  assert.equal(await page.title(), `${script("share").slice(0, 100)} · Elido`);
  assert.deepEqual(here.complaints, []);
});

/** A page of somebody else that tries everything which a browser lets it try. */
const forging = (url: string, path: string) => `<!doctype html><title>evil</title>
<form id=form method=post action="${url}${path}" enctype="text/plain"><input name='{"name":"forged","a":"' value='"}'></form>
<script>
  const tried = [];
  const body = JSON.stringify({ name: "forged" });
  const send = (init) => fetch("${url}${path}", { credentials: "include", method: "POST", body, ...init })
    .then((response) => response.type === "opaque" ? "sent" : response.status, (error) => "blocked");
  Promise.all([
    send({ mode: "no-cors" }),
    send({ headers: { "content-type": "application/json" } }),
    send({ headers: { "content-type": "application/json", "x-csrf-token": "guessed" } }),
    fetch("${url}/bff/boot", { credentials: "include" }).then((answer) => answer.text(), () => "blocked"),
  ]).then((answers) => { document.title = "done " + answers.join(" | "); });
</script>`;

test("no other page changes or reads anything with the cookie of whoever visits it", async () => {
  const { page, context, elido, api, base } = here;
  await signIn(elido, here);
  evilPage = forging(elido.url, `${base}/tags`);
  for (const host of ["127.0.0.1", "localhost"]) {
    const tab = await context.newPage();
    await tab.goto(`http://${host}:${evilPort}/`);
    await tab.waitForFunction(() => document.title.startsWith("done"));
    const [, , , boot] = (await tab.title()).split(" | ");
    assert.equal(boot, "blocked", "nothing is read");
    // The answer is what the tab shows then.
    const answered = tab.waitForURL(`${elido.url}${base}/tags`);
    await tab.evaluate(() => (document.getElementById("form") as HTMLFormElement).submit());
    await answered;
    await closed(tab);
  }
  const tags = await api.ask<{ data: { name: string }[] }>("GET", `${base}/tags`);
  assert.deepEqual(
    tags.data.filter((tag) => tag.name === "forged"),
    [],
  );
  // The same request of the page itself is done, so that what was tried would have worked.
  const token = (await (await page.request.get(`${elido.url}/bff/boot`)).json()).csrf_token as string;
  const own = await page.evaluate(
    async ([path, csrf]) => {
      const headers = { "content-type": "application/json", "x-csrf-token": csrf ?? "" };
      return (await fetch(path ?? "", { method: "POST", headers, body: '{"name":"own"}' })).status;
    },
    [`${base}/tags`, token],
  );
  assert.equal(own, 201);
});

test("no other page shows the dashboard within itself", async () => {
  const { context, elido } = here;
  await signIn(elido, here);
  evilPage = `<!doctype html><iframe src="${elido.url}/"></iframe><iframe src="${elido.url}/s/share_x"></iframe>`;
  const tab = await context.newPage();
  const blocked: string[] = [];
  tab.on("console", (message) => blocked.push(message.text()));
  await tab.goto(`http://localhost:${evilPort}/`);
  await until(
    "two frames that are refused",
    async () => blocked.filter((text) => /frame-ancestors/.test(text)).length >= 2,
  );
  for (const frame of tab.frames().slice(1)) assert.doesNotMatch(frame.url(), new RegExp(elido.url));
  await closed(tab);
});

test("a session is out of reach of scripts, and what was stolen of one is worth nothing afterwards", async () => {
  const { page, context, elido } = here;
  await signIn(elido, here);
  const seen = await page.evaluate(() => JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }]));
  assert.doesNotMatch(seen, /session_/);
  const cookie = (await context.cookies()).find((one) => one.name.endsWith("elido_session"));
  assert.ok(cookie?.httpOnly && cookie.sameSite !== "None" && cookie.path === "/");
  assert.doesNotMatch(await (await page.request.get(`${elido.url}/bff/boot`)).text(), new RegExp(cookie.value));
  const asThief = async () =>
    (await fetch(`${elido.url}/v1/me`, { headers: { cookie: `${cookie.name}=${cookie.value}` } })).status;
  assert.equal(await asThief(), 200);
  // A change of the password gives this browser another secret, and ends the one that somebody may have.
  await page.goto(`${elido.url}/me`);
  await page.getByLabel("Password now").fill(PASSWORD);
  await page.getByLabel("New password").fill(PASSWORD);
  await page.getByRole("button", { name: "Change the password" }).click();
  await page.getByText("The password is changed").waitFor();
  await until("another secret", async () => (await asThief()) === 401);
  forgetSession();
  assert.equal((await page.request.get(`${elido.url}/v1/me`)).status(), 200);
});

test("no cache keeps for others what a request of somebody put into an answer", async () => {
  const { page, elido } = here;
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(elido.url + path, {
      headers: { accept: "text/html", ...headers },
      redirect: "manual",
    });
    return { status: response.status, headers: response.headers, body: await response.text() };
  };
  const plain = await ask("/");
  const poison = {
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "http",
    "x-original-url": "/evil",
    "x-rewrite-url": "/evil",
    forwarded: "host=evil.example",
    cookie: "elido_session=session_evil",
    "accept-language": "<svg>",
  };
  for (const path of [
    "/",
    "/w/marketing/links",
    "/?utm_source=<svg onload=hacked=1>",
    "/sign-in?to=https://evil.example",
  ]) {
    const answer = await ask(path, poison);
    assert.equal(answer.body, plain.body, path);
    assert.equal(answer.headers.get("etag"), plain.headers.get("etag"), path);
    assert.equal(answer.headers.get("cache-control"), "no-cache", path);
    assert.equal(answer.headers.get("set-cookie"), null, path);
  }
  const asset = /\/assets\/base-[^"]+\.js/.exec(plain.body)?.[0] ?? "";
  const [clean, dirty] = [await ask(asset), await ask(`${asset}?x=1`, poison)];
  assert.equal(dirty.body, clean.body);
  assert.match(clean.headers.get("cache-control") ?? "", /immutable/);
  assert.match(clean.headers.get("vary") ?? "", /accept-encoding/);
  for (const path of ["/assets/none.js", "/assets/..%2findex.html", `${asset}/x.css`]) {
    const answer = await ask(path);
    assert.notEqual(answer.status, 200, path);
    assert.doesNotMatch(answer.headers.get("cache-control") ?? "", /immutable|public/, path);
  }
  // What belongs to somebody is no file for a cache, whatever its address ends with.
  await signIn(elido, here);
  for (const path of ["/bff/boot", "/v1/me", "/bff/boot/x.css", "/v1/me/x.css", "/bff/boot%2fx.css"]) {
    const answer = await page.request.get(elido.url + path);
    assert.match(answer.headers()["cache-control"] ?? "", /no-store/, path);
  }
  assert.deepEqual(here.complaints, []);
});
