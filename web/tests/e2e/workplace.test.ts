// What administrators and members do with their workspace: secrets of keys, settings of domains, the way out.
import assert from "node:assert/strict";
import { test } from "node:test";
import { scrollsSideways } from "./axe.ts";
import { closed, open, PASSWORD, signIn, until } from "./server.ts";
import { watching } from "./watching.ts";

const here = watching();
const GRACE = "grace@example.com";

test("a key gets a new secret, beside which the one before holds for as long as was said", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  const key = await api.ask<{ token: string }>("POST", `${base}/api-keys`, { name: "CRM", scopes: ["links:read"] });
  const works = async (token: string) =>
    (await fetch(`${elido.url}${base}/links`, { headers: { authorization: `Bearer ${token}` } })).status === 200;
  await signIn(elido, here);
  await page.goto(address("keys"));
  await page.getByText("Made by Ada").waitFor();
  await page.getByText("read links", { exact: true }).waitFor();
  const rotate = async (overlap: string): Promise<string> => {
    await page.getByRole("button", { name: "New secret" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("The present secret holds").selectOption(overlap);
    await allIsWell();
    await dialog.getByRole("button", { name: "Make the secret" }).click();
    const token = await page.getByRole("dialog").locator("code.grow").innerText();
    await allIsWell();
    await page.getByRole("button", { name: "I have copied it" }).click();
    return token;
  };
  const second = await rotate("for an hour");
  await page.getByText("The secret before holds until").waitFor();
  assert.deepEqual([await works(key.token), await works(second)], [true, true]);
  const third = await rotate("No longer");
  assert.deepEqual([await works(key.token), await works(second), await works(third)], [false, false, true]);
  await allIsWell();
});

test("a domain says where visitors go whom no link leads on", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  const domain = await api.ask<{ id: string }>("POST", `${base}/domains`, { hostname: "go.example.com" });
  await signIn(elido, here);
  await page.goto(address("domains"));
  await page.getByRole("button", { name: "Settings", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Where the bare domain leads").fill("https://example.com/");
  await dialog.getByLabel("Where missing links lead").fill("not an address");
  await dialog.getByLabel("Redirect status of new links").selectOption("301, permanent");
  await dialog.getByLabel("Upper and lower case are different links").check();
  await allIsWell();
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.locator(".error").waitFor();
  await dialog.getByLabel("Where missing links lead").fill("https://example.com/missing");
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "dark" });
  await allIsWell();
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText("go.example.com is changed").waitFor();
  assert.equal(await scrollsSideways(page), false);
  const kept = await api.ask<Record<string, unknown>>("GET", `${base}/domains/${domain.id}`);
  assert.deepEqual(
    [kept.root_url, kept.not_found_url, kept.expired_url ?? null, kept.default_redirect_status, kept.case_sensitive],
    ["https://example.com/", "https://example.com/missing", null, 301, true],
  );
  await allIsWell();
});

test("members leave a workspace, and its last owner does not", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  await signIn(elido, here);
  await page.goto(address("settings"));
  const form = page.getByRole("form", { name: "Leave the workspace" });
  await form.getByLabel("Type Marketing to go on").fill("Marketing");
  await form.getByRole("button", { name: "Leave the workspace" }).click();
  await form.getByRole("alert").waitFor();
  await allIsWell();

  await api.ask("POST", `${base}/invitations`, { email: GRACE, role: "viewer" });
  const letter = await until("the invitation", async () => elido.letters(GRACE)[0]);
  const grace = await open(elido);
  await grace.page.goto(`${elido.url}/invitation${/#\S+/.exec(letter)?.[0]}`);
  await grace.page.getByLabel("Your name").fill("Grace");
  await grace.page.getByLabel("Password").fill("a password of hers");
  await grace.page.getByRole("button", { name: "Join" }).click();
  await grace.page.getByRole("heading", { name: "Links", exact: true }).waitFor();
  await grace.page.goto(address("settings"));
  const hers = grace.page.getByRole("form", { name: "Leave the workspace" });
  await hers.getByLabel("Type Marketing to go on").fill("Marketing");
  await allIsWell(grace as typeof here);
  await hers.getByRole("button", { name: "Leave the workspace" }).click();
  await grace.page.getByRole("heading", { name: "New workspace" }).waitFor();
  const members = await api.ask<{ data: { email: string }[] }>("GET", `${base}/members`);
  assert.deepEqual(
    members.data.map((member) => member.email),
    ["ada@example.com"],
  );
  await allIsWell(grace as typeof here);
  await closed(grace.context);
});

test("the audit log is narrowed down to who, what, to what and when, in the address", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  const link = await api.ask<{ id: string }>("POST", `${base}/links`, { destination_url: "https://example.com/" });
  await api.ask("PATCH", `${base}/links/${link.id}`, { title: "Once" });
  await signIn(elido, here);
  await page.goto(address("audit"));
  const rows = page.locator("details > summary");
  const updated = rows.filter({ hasText: "link.updated" }).filter({ hasText: link.id });
  await updated.filter({ hasText: "Ada" }).click();
  await page.getByRole("button", { name: "Only to this" }).click();
  await page.waitForURL(/target=/);
  await until("the two of this link", async () => (await rows.count()) === 2);
  await page.getByLabel("What, such as link.updated").fill("link.created");
  await page.keyboard.press("Enter");
  await page.waitForURL(/action=link.created/);
  await until("the one", async () => (await rows.count()) === 1);
  await allIsWell();
  await page.reload();
  await until("the same one", async () => (await rows.count()) === 1);
  await page.getByLabel("Up to the day").fill("2020-02-29");
  await page.getByText("Nothing of this kind was done.").waitFor();
  assert.match(decodeURIComponent(page.url()), /until="?2020-02-29T22:00:00Z/);
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await scrollsSideways(page), false);
  await allIsWell();
  await page.getByRole("button", { name: "Reset" }).first().click();
  await until("all of it", async () => (await rows.count()) > 2);
  await page.getByLabel("Who").selectOption("Ada");
  await page.waitForURL(/actor=usr_/);
  await updated.waitFor();
  await allIsWell();
});

test("the palette finds tags and people by their signs", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  const destination_url = "https://example.com/";
  await api.ask("POST", `${base}/links`, { destination_url, slug: "tagged", tags: ["spring"] });
  await api.ask("POST", `${base}/links`, { destination_url, slug: "untagged" });
  await signIn(elido, here);
  await page.goto(address("links"));
  await page.getByText("/untagged").first().waitFor();
  await page.keyboard.press("Control+k");
  const dialog = page.getByRole("dialog");
  const box = dialog.getByRole("combobox");
  await box.fill("@ad");
  await dialog.getByRole("option", { name: "@Ada" }).waitFor();
  assert.equal(await dialog.getByRole("option").count(), 1);
  await box.fill("#spr");
  await dialog.getByRole("option", { name: "#spring" }).waitFor();
  assert.equal(await dialog.getByRole("option").count(), 1);
  await allIsWell();
  await page.keyboard.press("Enter");
  await page.waitForURL(/tag=spring/);
  await page.getByText("1 link", { exact: true }).waitFor();
  await allIsWell();
});

test("another address is one's own once the code that came to it is confirmed", async () => {
  const { page, elido, api, allIsWell } = here;
  await signIn(elido, here);
  await page.goto(`${elido.url}/me`);
  const form = page.getByRole("form", { name: "Email" });
  await form.getByText("ada@example.com is not confirmed yet").waitFor();
  await form.getByLabel("New address").fill("ada@example.org");
  await form.getByLabel("Your password").fill("not her password");
  await form.getByRole("button", { name: "Send a code" }).click();
  await form.locator(".error, [role=alert]").first().waitFor();
  await allIsWell();
  await form.getByLabel("Your password").fill(PASSWORD);
  await form.getByRole("button", { name: "Send a code" }).click();
  await page.getByText("A mail to ada@example.org has a code").waitFor();
  const letter = await until("the mail", async () => elido.letters("ada@example.org")[0]);
  await page.goto(`${elido.url}/confirm-email${/#\S+/.exec(letter)?.[0]}`);
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByText("ada@example.org is confirmed.").waitFor();
  const me = await api.ask<{ user: { email: string } }>("GET", "/v1/me");
  assert.equal(me.user.email, "ada@example.org");
  await allIsWell();
});
