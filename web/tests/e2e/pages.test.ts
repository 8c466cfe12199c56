// Every page in both themes and widths: what axe finds, what scrolls sideways, what the console says; and a picture of each for people.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { scrollsSideways, violations } from "./axe.ts";
import { type Api, closed, type Elido, open, signIn, startElido, stopBrowser, until } from "./server.ts";

const PICTURES = process.env.ELIDO_PICTURES ?? new URL("../../pictures/", import.meta.url).pathname;
const AGENTS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
];

let elido: Elido;
let api: Api;
let link = "";
let guardedLink = "";
let shared = "";
let workspace = "";

before(async () => {
  elido = await startElido();
  api = await elido.bootstrap();
  link = await seed(elido, api);
  workspace = api.workspace.id;
});
after(async () => {
  await stopBrowser();
  elido?.stop();
});

async function seed({ edge }: Elido, { ask, workspace }: Api): Promise<string> {
  const base = `/v1/workspaces/${workspace.id}`;
  const rules = [
    {
      name: "Ukraine",
      conditions: [{ type: "countries", any_of: ["UA"] }],
      outcome: { type: "destination", destination_url: "https://www.example.com/ua/spring" },
    },
    {
      name: "Phones",
      conditions: [{ type: "devices", any_of: ["mobile"] }],
      outcome: {
        type: "split",
        variants: [
          { name: "A", weight: 60, destination_url: "https://app.example.com/spring" },
          { name: "B", weight: 40, destination_url: "https://www.example.com/spring-short" },
        ],
      },
    },
  ];
  const first = await ask<{ id: string }>("POST", `${base}/links`, {
    destination_url: "https://www.example.com/spring?ref=newsletter",
    slug: "spring-sale",
    title: "Spring sale",
    tags: ["spring", "mail"],
    rules,
  });
  const words = [
    "docs",
    "launch",
    "press",
    "careers",
    "webinar",
    "app",
    "promo",
    "event",
    "shop",
    "blog",
    "team",
    "help",
  ];
  const links = Array.from({ length: 60 }, (_, index) => ({
    destination_url: `https://www.example.com/${words[index % words.length]}/page-${index}?utm_source=newsletter&utm_campaign=${index}`,
    slug: `${words[index % words.length]}-${index}`,
    tags: index % 3 === 0 ? [words[index % words.length] ?? "x"] : [],
    archived: index % 17 === 3,
  }));
  await ask("POST", `${base}/links/bulk`, { links });
  const gone = await ask<{ id: string }>("GET", `${base}/links/lookup?domain=localhost&slug=launch-1`);
  await ask("DELETE", `${base}/links/${gone.id}`);
  await ask("POST", `${base}/links/${first.id}/comments`, { text: "The mail goes out on Monday." });
  await ask("POST", `${base}/folders`, { name: "Campaigns" });
  const guarded = await ask<{ id: string }>("GET", `${base}/links/lookup?domain=localhost&slug=docs-0`);
  const budget = { clicks: 1000, period: "month", time_zone: "Europe/Berlin" };
  await ask("PATCH", `${base}/links/${guarded.id}`, { needs_approval: true, click_budget: budget });
  await ask("POST", `${base}/links/${guarded.id}/change-requests`, {
    changes: { destination_url: "https://www.example.com/docs/moved", password: "open sesame" },
    note: "The old page goes on Friday.",
  });
  await ask("POST", `${base}/freeze-windows`, {
    reason: "Black Friday",
    starts_at: "2098-11-27T00:00:00Z",
    ends_at: "2098-11-30T00:00:00Z",
  });
  guardedLink = guarded.id;
  await ask("POST", `${base}/utm-templates`, { name: "Newsletter", utm: { source: "newsletter", medium: "email" } });
  await ask("POST", `${base}/views`, { name: "Spring", page: "analytics", query: "tag=spring", shared: true });
  const share = await ask<{ url: string }>("POST", `${base}/shares`, { name: "Spring", filters: "tag=spring" });
  shared = new URL(share.url).pathname;
  await ask("POST", `${base}/domains`, { hostname: "go.example.com" });
  const old = await ask<{ id: string }>("POST", "/v1/workspaces", { name: "Last year", slug: "last-year" });
  await ask("DELETE", `/v1/workspaces/${old.id}`);
  await ask("POST", `${base}/evidence-exports`, {});
  await ask("POST", `${base}/click-exports`, { format: "parquet", filters: "tag=spring" });
  await ask("POST", `${base}/report-schedules`, { name: "Spring", every: "week", filters: "tag=spring&country=!DE" });
  await ask("POST", `${base}/oauth-clients`, {
    name: "Reader",
    redirect_uris: ["https://reader.example.com/callback"],
    scopes: ["links:read"],
    confidential: true,
  });
  await ask("POST", `${base}/api-keys`, { name: "Newsletter", scopes: ["links:read", "links:write"] });
  for (let count = 0; count < 30; count += 1) {
    const headers = {
      "user-agent": AGENTS[count % 3] ?? "",
      "x-forwarded-for": `${[81, 8, 91][count % 3]}.2.${count}.7`,
      referer: count % 2 ? "https://news.example/" : "",
    };
    await fetch(`${edge}/${count % 4 === 0 ? "docs-0" : "spring-sale"}`, { redirect: "manual", headers });
  }
  await until(
    "clicks that are counted",
    async () => (await ask<{ clicks: number }>("GET", `${base}/analytics/summary`)).clicks >= 25,
  );
  return first.id;
}

const PAGES: [string, () => string, string][] = [
  ["links", () => "/w/marketing/links", "/help-59"],
  ["new-link", () => "/w/marketing/links/new", "Where visitors go"],
  ["many-links", () => "/w/marketing/links/many", "one a line"],
  ["edit-link", () => `/w/marketing/links/${link}/edit`, "Phones"],
  ["link", () => `/w/marketing/links/${link}`, "History"],
  ["analytics", () => "/w/marketing/analytics", "Where they are"],
  ["qr", () => `/w/marketing/links/${link}/qr`, "Contrast 21"],
  ["bin", () => "/w/marketing/bin", "launch-1"],
  ["status", () => "/admin/status", "What it depends on"],
  ["accounts", () => "/admin/accounts", "ada@example.com"],
  ["jobs", () => "/admin/jobs", "forget_codes"],
  ["events", () => "/admin/events", "Events"],
  ["reports", () => "/w/marketing/reports", "Comes next"],
  ["new-report", () => "/w/marketing/reports?add=true", "Heading of the report"],
  ["exports", () => "/w/marketing/exports", "Tag is spring"],
  ["query-limits", () => `/admin/query-limits?workspace=${workspace}`, "Questions at once"],
  ["live", () => "/w/marketing/live", "/spring-sale"],
  ["approvals", () => "/w/marketing/approvals", "asks for this"],
  ["guarded-link", () => `/w/marketing/links/${guardedLink}`, "Changes that wait"],
  ["domains", () => "/w/marketing/domains", "go.example.com"],
  ["people", () => "/w/marketing/people", "What each role may do"],
  ["keys", () => "/w/marketing/keys", "Newsletter"],
  ["programs", () => "/w/marketing/programs", "Reader"],
  ["audit", () => "/w/marketing/audit", "link.created"],
  ["settings", () => "/w/marketing/settings", "Name in addresses"],
  ["new-workspace", () => "/new-workspace", "Name in addresses"],
  ["deleted-workspaces", () => "/deleted-workspaces", "Gone for good"],
  ["me", () => "/me", "Sessions"],
  ["design", () => "/design", "Colours"],
  ["nowhere", () => "/nowhere-at-all", "There is nothing"],
];

const LOOKS = [
  { width: 1440, height: 960, colorScheme: "light" },
  { width: 1440, height: 960, colorScheme: "dark" },
  { width: 360, height: 740, colorScheme: "dark" },
  { width: 360, height: 740, colorScheme: "light" },
] as const;

test("every page is right in both themes, wide and narrow", async () => {
  mkdirSync(PICTURES, { recursive: true });
  const watched = await open(elido);
  const { page, complaints } = watched;
  const wrong: string[] = [];
  const look = async (name: string) => {
    for (const { colorScheme, ...size } of LOOKS) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      const seen = `${name}-${size.width}-${colorScheme}`;
      await page.screenshot({ path: `${PICTURES}/${seen}.png` });
      wrong.push(...(await violations(page)).map((violation) => `${seen}: ${violation}`));
      if (await scrollsSideways(page)) wrong.push(`${seen} scrolls sideways`);
      wrong.push(...complaints.splice(0).map((complaint) => `${seen}: ${complaint}`));
    }
    await page.setViewportSize({ width: 1440, height: 960 });
  };
  await page.goto(`${elido.url}/sign-in`);
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await look("sign-in");
  for (const path of ["forgotten-password", "reset-password", "confirm-email", "invitation", "register"]) {
    await page.goto(`${elido.url}/${path}`);
    await page.getByRole("heading").waitFor();
    await look(path);
  }
  await signIn(elido, watched);
  for (const [name, path, sign] of PAGES) {
    await page.goto(elido.url + path());
    await page
      .getByText(sign)
      .first()
      .waitFor()
      .catch(() => wrong.push(`${name} does not show ${sign}`));
    // Everything is there, and nothing is a grey box any more.
    await page
      .waitForFunction(() => !document.querySelector("#main [aria-busy=true]"))
      .catch(() => wrong.push(`${name} goes on loading`));
    await look(name);
  }
  await page.goto(`${elido.url}/w/marketing/links`);
  await page.getByText("/help-59").first().waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").fill("docs");
  await page.getByRole("option", { name: /docs-/ }).first().waitFor();
  await look("palette");
  await page.keyboard.press("Escape");
  await page.keyboard.press("x");
  await page.getByRole("toolbar").waitFor();
  await look("selection");
  await page.keyboard.press("m");
  await page.getByRole("dialog").getByLabel("Folder").waitFor();
  await look("move");
  await page.goto(`${elido.url}/w/marketing/analytics`);
  for (const [button, sign, name] of [
    ["Views", "Save what is shown, as", "views"],
    ["Share", "Heading of the page", "share"],
  ] as const) {
    await page.getByRole("button", { name: button, exact: true }).click();
    await page.getByRole("dialog").getByLabel(sign).waitFor();
    await look(name);
    await page.keyboard.press("Escape");
  }
  await page.goto(`${elido.url}/w/marketing/audit`);
  await page.getByRole("button", { name: "Evidence" }).click();
  await page.getByRole("dialog").getByText("Ready", { exact: true }).waitFor();
  await look("evidence");
  await page.goto(elido.url + shared);
  await page.getByRole("region", { name: "Browser" }).waitFor();
  await look("shared");
  await closed(watched.context);
  assert.deepEqual(wrong, []);
});
