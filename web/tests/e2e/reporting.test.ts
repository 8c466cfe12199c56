// Reports that come by themselves, files of clicks, and questions about clicks that are refused.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { after, before, test } from "node:test";
import { scrollsSideways } from "./axe.ts";
import { signIn, until } from "./server.ts";
import { watching } from "./watching.ts";

const AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0";
const CLICKS = 4;

/** A receiver of webhooks on this machine, which fails at first. */
const messages: { headers: IncomingHttpHeaders; text: string }[] = [];
let answers: number[] = [];
const receiver = createServer(async (from, back) => {
  const text = Buffer.concat(await from.toArray()).toString("utf8");
  messages.push({ headers: from.headers, text });
  back.writeHead(answers.shift() ?? 200).end();
});
let hook = "";

const here = watching(async () => ({ env: { ELIDO_OUTBOUND__ALLOWED_HOSTS: "127.0.0.1" } }));
before(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  hook = `http://127.0.0.1:${(receiver.address() as { port: number }).port}/hook`;
});
after(() => {
  receiver.close();
  receiver.closeAllConnections();
});

/** A link with a tag that was followed a few times. */
async function seed() {
  const { api, base } = here;
  const link = await api.ask<{ short_url: string }>("POST", `${base}/links`, {
    destination_url: "https://example.com/",
    slug: "reported",
    tags: ["spring"],
  });
  for (let count = 0; count < CLICKS; count += 1)
    await fetch(link.short_url, { redirect: "manual", headers: { "user-agent": AGENT } });
  await until("clicks that are stored", async () => (await summary()) === CLICKS);
}

const summary = async () =>
  (await here.api.ask<{ clicks: number }>("GET", `${here.base}/analytics/summary?tag=spring`)).clicks;

interface Report {
  id: string;
  name: string;
  filters: string;
  every: string;
  time_zone: string;
  paused: boolean;
  recipients: string[];
  webhook_url: string | null;
}

const reports = async () => (await here.api.ask<{ data: Report[] }>("GET", `${here.base}/report-schedules`)).data;

/** The page in the other theme, on a telephone. */
async function looksRightOnTelephones() {
  const { page, allIsWell } = here;
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "dark" });
  await until("a page that does not scroll sideways", async () => !(await scrollsSideways(page)));
  await allIsWell();
  await page.setViewportSize({ width: 1440, height: 960 });
  await page.emulateMedia({ colorScheme: "light" });
}

test("a report by mail is set up about what the explorer shows, sent, paused with a way back, changed and removed", async () => {
  const { page, elido, address, allIsWell } = here;
  await seed();
  await signIn(elido, here);
  // By keys alone, as far as the page.
  await until("the page of reports", async () => {
    await page.keyboard.press("g");
    await page.keyboard.press("e");
    return page.waitForURL(/\/reports$/, { timeout: 5_000 }).then(() => true);
  });
  await page.getByRole("heading", { name: "No reports yet" }).waitFor();
  await allIsWell();
  await page.goto(address(`analytics?tag=${encodeURIComponent('["spring"]')}`));
  await page.getByRole("link", { name: "Report", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "New report" });
  await dialog.getByLabel("Heading of the report").fill("Spring");
  await dialog.getByRole("button", { name: "Tag is spring" }).waitFor();
  await dialog.getByLabel("How often").selectOption("Every month");
  await dialog.getByLabel("Whose days they are").selectOption("Europe/Berlin");
  await allIsWell();
  await looksRightOnTelephones();
  await dialog.getByRole("button", { name: "Set it up" }).press("Enter");
  const row = page.getByRole("listitem").filter({ hasText: "Spring" });
  await row.getByText("Every month").waitFor();
  await row.getByText("Tag is spring").waitFor();
  await row.getByText("Ada", { exact: true }).waitFor();
  await row.getByText(/Comes next .*Europe\/Berlin/).waitFor();
  const [made] = await reports();
  assert.deepEqual([made?.filters, made?.every, made?.time_zone], ["tag=spring", "month", "Europe/Berlin"]);
  await looksRightOnTelephones();

  await row.getByRole("button", { name: "Send now" }).click();
  await until("the report by mail", async () =>
    elido.letters("ada@example.com").find((letter) => /^Subject: .*Spring/m.test(letter)),
  );
  await row.getByRole("button", { name: "Pause" }).click();
  await row.getByText("Rests", { exact: true }).waitFor();
  assert.equal((await reports())[0]?.paused, true);
  // It can be undone for ten seconds.
  await page.keyboard.press("Control+z");
  await row.getByRole("button", { name: "Pause" }).waitFor();
  assert.equal((await reports())[0]?.paused, false);
  await row.getByRole("button", { name: "Pause" }).click();
  await row.getByText("Rests", { exact: true }).waitFor();
  await allIsWell();

  await row.getByRole("button", { name: "Edit" }).click();
  const edit = page.getByRole("dialog", { name: "Spring" });
  await edit.getByLabel("Heading of the report").fill("Springtime");
  await allIsWell();
  await edit.getByRole("button", { name: "Save" }).click();
  await page.getByText("Springtime", { exact: true }).waitFor();
  const renamed = page.getByRole("listitem").filter({ hasText: "Springtime" });
  await renamed.getByRole("button", { name: "Remove" }).click();
  const removal = page.getByRole("dialog", { name: "Remove Springtime?" });
  await removal.getByLabel("Type Springtime to go on").fill("Springtime");
  await allIsWell();
  await removal.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("heading", { name: "No reports yet" }).waitFor();
  assert.deepEqual(await reports(), []);
  await allIsWell();
});

test("a report to a webhook shows its secret once, and says why a message failed and that it came", async () => {
  const { page, elido, address, allIsWell } = here;
  await signIn(elido, here);
  await page.goto(address("reports"));
  await page.getByRole("button", { name: "New report" }).click();
  const dialog = page.getByRole("dialog", { name: "New report" });
  await dialog.getByLabel("Heading of the report").fill("To our system");
  await dialog.getByLabel("It goes").selectOption("to a webhook");
  await dialog.getByLabel("Address of the webhook").fill("http://example.com/hook");
  await dialog.getByRole("button", { name: "Set it up" }).click();
  await dialog.locator(".error").waitFor();
  await allIsWell();
  await dialog.getByLabel("Address of the webhook").fill(hook);
  await dialog.getByRole("button", { name: "Set it up" }).click();
  const shown = page.getByRole("dialog", { name: "The report is set up" });
  const secret = await shown.locator("code").innerText();
  assert.match(secret, /^whsec_/);
  await allIsWell();
  await looksRightOnTelephones();
  await shown.getByRole("button", { name: "I have copied it" }).click();
  const row = page.getByRole("listitem").filter({ hasText: "To our system" });
  await row.getByText("No message yet").waitFor();
  assert.equal((await page.content()).includes(secret), false, "the secret is shown once");

  answers = [410];
  await row.getByRole("button", { name: "Send now" }).click();
  const last = row.getByRole("group", { name: "Last message" });
  await last.getByText("Failed", { exact: true }).waitFor();
  await last.getByText(/answered 410 · 1 attempt/).waitFor();
  await looksRightOnTelephones();
  await row.getByRole("button", { name: "Send now" }).click();
  await last.getByText("Delivered", { exact: true }).waitFor();
  const { headers, text } = messages.at(-1) ?? { headers: {}, text: "" };
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const signed = createHmac("sha256", key).update(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${text}`);
  assert.equal(headers["webhook-signature"], `v1,${signed.digest("base64")}`, "the secret that was shown signs it");
  await allIsWell();
});

test("a file of the clicks that the explorer shows is asked for, written and fetched in each form", async () => {
  const { page, elido, address, allIsWell } = here;
  await signIn(elido, here);
  await page.goto(address("exports"));
  await page.getByRole("heading", { name: "No files yet" }).waitFor();
  await page.getByText("All clicks of the workspace").waitFor();
  await allIsWell();
  await page.goto(address(`analytics?period=7d&tag=${encodeURIComponent('["spring"]')}`));
  await page.getByRole("link", { name: "File", exact: true }).click();
  const form = page.getByRole("form", { name: "Have it written" });
  await form.getByRole("button", { name: "Tag is spring" }).waitFor();
  const files = page.getByRole("list", { name: "Files" });
  for (const form_of_file of [
    "CSV, for spreadsheets",
    "NDJSON, a JSON object a line",
    "Parquet, for programs that analyse",
  ]) {
    await form.getByLabel("Form of the file").selectOption(form_of_file);
    await form.getByRole("button", { name: "Have it written" }).click();
    const row = files.getByRole("listitem").filter({ hasText: form_of_file });
    await row.getByText("Ready", { exact: true }).waitFor();
    await row.getByText("Tag is spring").waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      row.getByRole("button", { name: "Download" }).click(),
    ]);
    const bytes = readFileSync(await download.path());
    if (form_of_file.startsWith("Parquet")) assert.equal(bytes.subarray(0, 4).toString(), "PAR1");
    else {
      const lines = bytes.toString("utf8").trim().split(/\r?\n/).length;
      assert.equal(lines, form_of_file.startsWith("CSV") ? CLICKS + 1 : CLICKS);
    }
  }
  await allIsWell();
  await looksRightOnTelephones();
  // A day without clicks, which the address keeps.
  await form.getByLabel("First day").fill("2026-03-01");
  await page.waitForURL(/from=2026-02-28T22/);
  await form.getByLabel("Last day").fill("2026-03-01");
  await page.waitForURL(/[?&]to=2026-03-01T22/);
  await page.reload();
  assert.equal(await form.getByLabel("First day").inputValue(), "2026-03-01");
});

test("questions that are refused say why and how to narrow them; panels ask again once the limits allow it", async () => {
  const { page, elido, api, address, allIsWell } = here;
  await signIn(elido, here);
  await page.goto(`${elido.url}/admin/query-limits`);
  await page.getByLabel("Workspace, by its id").fill("marketing");
  await page.getByText(/An id is ws_/).waitFor();
  await allIsWell();
  await page.getByRole("button", { name: "Marketing", exact: true }).click();
  const form = page.getByRole("form", { name: "Query limits" });
  await form.getByText("10 holds now").waitFor();
  await allIsWell();
  await form.getByLabel("Questions at once, for each process").fill("100000");
  await form.getByRole("button", { name: "Save" }).click();
  await form.locator(".error").waitFor();
  await allIsWell();
  await form.getByLabel("Questions at once, for each process").fill("");
  await form.getByLabel("Clicks that it goes through").fill("1");
  await form.getByRole("button", { name: "Save" }).click();
  await form.getByText("1 holds now", { exact: true }).waitFor();
  await looksRightOnTelephones();
  const limits = `/v1/admin/workspaces/${api.workspace.id}/query-limits`;
  assert.equal((await api.ask<{ clicks_max: number }>("GET", limits)).clicks_max, 1);

  await page.goto(address("analytics"));
  const refused = page.getByRole("region", { name: "Questions were refused" });
  await refused.getByText(/more clicks than a question of this workspace may/).waitFor();
  assert.equal(await page.getByText("No clicks in this period.").count(), 0, "what was refused is not nothing");
  const places = page.getByRole("region", { name: "Places" });
  await places.getByText(/goes through more than 1 clicks/).waitFor();
  const hours = page.getByRole("region", { name: "Hours and weekdays", exact: true });
  await hours.getByText(/goes through more than 1 clicks/).waitFor();
  await allIsWell();
  await looksRightOnTelephones();
  await refused.getByRole("link", { name: "Change the limits" }).waitFor();
  await Promise.all([
    page.waitForResponse((response) => response.url().includes("/hours-of-week") && response.status() === 400),
    refused.getByRole("button", { name: "The later half of the period" }).click(),
  ]);
  assert.match(page.url(), /from=/);
  await hours.getByText(/goes through more than 1 clicks/).waitFor();

  await api.ask("PATCH", limits, { clicks_max: null });
  await places.getByRole("button", { name: "Try again" }).click();
  await until("all clicks", async () => (await page.locator(".figure").first().innerText()) === String(CLICKS));
  assert.equal(await refused.count(), 0);
  await hours.getByRole("button", { name: "Try again" }).click();
  await hours.locator("td[data-step='5']").first().waitFor();
  await allIsWell();
});
