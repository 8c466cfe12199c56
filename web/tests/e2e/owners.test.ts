// Who has a workspace and what is in it: its end and the way back, who owns it, who may open a folder, and what proves all of it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { scrollsSideways } from "./axe.ts";
import { accept, closed, forgetSession, open, signIn, until } from "./server.ts";
import { watching } from "./watching.ts";

const here = watching();
const GRACE = "grace@example.com";
const HERS = "a password of hers";

/** What a member gets who asks for it. */
async function asGrace(path: string): Promise<Response> {
  const { elido } = here;
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ email: GRACE, password: HERS });
  const signedIn = await fetch(`${elido.url}/v1/auth/sign-in`, { method: "POST", headers, body });
  const { token } = (await signedIn.json()) as { token: string };
  return fetch(elido.url + path, { headers: { authorization: `Bearer ${token}` } });
}

test("a deleted workspace says until when it can come back, and comes back with all that it had", async () => {
  const { page, elido, api, address, allIsWell } = here;
  const press = await api.ask<{ id: string }>("POST", "/v1/workspaces", { name: "Press", slug: "press" });
  const link = await api.ask<{ short_url: string }>("POST", `/v1/workspaces/${press.id}/links`, {
    destination_url: "https://example.com/",
    slug: "release",
  });
  const status = async () => (await fetch(link.short_url, { redirect: "manual" })).status;
  await until("the link", async () => (await status()) === 302);
  await signIn(elido, here);
  await page.goto(`${elido.url}/w/press/settings`);
  const form = page.getByRole("form", { name: "Delete the workspace" });
  await form.getByText("Its links stop working at once").waitFor();
  const button = form.getByRole("button", { name: "Delete the workspace" });
  await form.getByLabel("Type Press to go on").fill("press");
  assert.equal(await button.isDisabled(), true);
  await form.getByLabel("Type Press to go on").fill("Press");
  await allIsWell();
  await button.click();
  await page.getByRole("heading", { name: "Deleted workspaces" }).waitFor();
  const row = page.getByRole("list", { name: "Deleted workspaces" }).getByRole("listitem").filter({ hasText: "Press" });
  await row.getByText(/Gone for good in \d days: .*Europe\/K/).waitFor();
  // By the undo of what was just said, which is offered for ten seconds, and then by its own page.
  await page.getByRole("status").getByRole("button", { name: "Undo" }).click();
  await page.waitForURL(/\/w\/press\/links/);
  await page.getByText("/release").first().waitFor();
  await until("the link again", async () => (await status()) === 302);
  await api.ask("DELETE", `/v1/workspaces/${press.id}`);
  await until("links that are gone", async () => (await status()) === 410);
  await page.goto(address("links"));
  await page.getByRole("button", { name: "Switch workspace" }).click();
  await page.getByRole("menuitem", { name: "Deleted workspaces" }).click();
  await row.getByRole("button", { name: "Bring it back" }).click();
  await page.waitForURL(/\/w\/press\/links/);
  await page.getByText("Press is back").waitFor();
  await until("the link once more", async () => (await status()) === 302);
  await allIsWell();
  await api.ask("DELETE", `/v1/workspaces/${press.id}`);
  await page.goto(`${elido.url}/new-workspace`);
  await row.getByRole("button", { name: "Bring it back" }).waitFor();
  await allIsWell();
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await scrollsSideways(page), false);
  await allIsWell();
});

test("a folder is closed to whom it is closed to, and open to whom it is opened", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  await api.ask("POST", `${base}/invitations`, { email: GRACE, role: "editor" });
  await accept(elido, GRACE, "Grace", HERS);
  const folder = await api.ask<{ id: string }>("POST", `${base}/folders`, { name: "Board" });
  const hers = async () => (await asGrace(`${base}/folders/${folder.id}`)).status;
  assert.equal(await hers(), 200);
  await signIn(elido, here);
  await page.goto(address("settings"));
  const folders = page.getByRole("region", { name: "Folders" });
  const dialog = page.getByRole("dialog", { name: "Who may do what in Board" });
  const openIt = () => folders.getByRole("button", { name: "Access to Board" }).click();
  await openIt();
  await dialog.getByLabel("Everybody").selectOption("Nothing: to them the folder does not exist");
  await allIsWell();
  await dialog.getByRole("button", { name: "Save" }).click();
  await folders.getByText("Not for all").waitFor();
  assert.equal(await hers(), 404);
  await openIt();
  await dialog.getByLabel("Grace · Editor").selectOption("See links, and change none");
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "dark" });
  await allIsWell();
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "detached" });
  assert.equal(await scrollsSideways(page), false);
  await until("what she sees", async () => (await hers()) === 200);
  const kept = await api.ask<{ access: string; members: { access: string }[] }>("GET", `${base}/folders/${folder.id}`);
  assert.deepEqual([kept.access, kept.members.map((member) => member.access)], ["none", ["view"]]);
  await allIsWell();
});

test("evidence is asked for, written, fetched, and believed by the command that the page shows", async () => {
  const { page, elido, address, allIsWell } = here;
  await signIn(elido, here);
  await page.goto(address("audit"));
  await page.getByRole("button", { name: "Evidence" }).click();
  const dialog = page.getByRole("dialog", { name: "Evidence exports" });
  await dialog.getByLabel("From the day on").fill("2020-03-01");
  await dialog.getByLabel("Up to the day").fill("2020-03-02");
  await dialog.getByRole("button", { name: "Make an export" }).click();
  await dialog.getByRole("alert").getByText("the trail has no row in this range").waitFor();
  await allIsWell();
  await dialog.getByLabel("From the day on").fill("");
  await dialog.getByLabel("Up to the day").fill("");
  await dialog.getByRole("button", { name: "Make an export" }).click();
  const row = dialog.getByRole("list", { name: "Exports" }).getByRole("listitem");
  await row.getByText("Ready", { exact: true }).waitFor();
  await row.getByText(/^Rows 1 to \d+$/).waitFor();
  await row.getByText(/kept until/).waitFor();
  await allIsWell();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    row.getByRole("button", { name: "Download" }).click(),
  ]);
  const file = await download.path();
  const command = await dialog.getByText(/^elido audit verify /).innerText();
  const key = command.split("--public-key ")[1] ?? "";
  assert.equal(command.split(" ")[3], download.suggestedFilename());
  assert.match(elido.run("audit", "verify", file, "--public-key", key), /\d/);
  assert.ok(readFileSync(file).length > 500);
  assert.throws(() =>
    elido.run(
      "audit",
      "verify",
      file,
      "--public-key",
      key.replace(/^./, (letter) => (letter === "A" ? "B" : "A")),
    ),
  );
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await scrollsSideways(page), false);
  await allIsWell();
});

test("a workspace is given away, with what follows said before, and whoever gave it is no owner any more", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  await signIn(elido, here);
  await page.goto(address("settings"));
  const form = page.getByRole("form", { name: "Give the workspace away" });
  await form.getByText("You cannot take this back. An owner can.").waitFor();
  const button = form.getByRole("button", { name: "Give it away" });
  await form.getByLabel("Type Marketing to go on").fill("Marketing");
  assert.equal(await button.isDisabled(), true);
  await form.getByLabel("To whom").selectOption("Grace · Editor");
  await allIsWell();
  await button.click();
  await page.getByText("Grace is an owner now").waitFor();
  await form.waitFor({ state: "detached" });
  assert.equal(await page.getByRole("form", { name: "Delete the workspace" }).count(), 0);
  const members = await api.ask<{ data: { email: string; role: string }[] }>("GET", `${base}/members`);
  const roles = Object.fromEntries(members.data.map(({ email, role }) => [email, role]));
  assert.deepEqual(roles, { "ada@example.com": "admin", [GRACE]: "owner" });
  await allIsWell();

  forgetSession();
  const grace = await open(elido);
  await grace.page.goto(`${elido.url}/sign-in`);
  await grace.page.getByLabel("Email").fill(GRACE);
  await grace.page.getByLabel("Password").fill(HERS);
  await grace.page.getByRole("button", { name: "Sign in" }).click();
  await grace.page.getByRole("heading", { name: "Links", exact: true }).waitFor();
  await grace.page.goto(address("settings"));
  await grace.page.getByRole("form", { name: "Give the workspace away" }).getByLabel("To whom").waitFor();
  await allIsWell(grace);
  await closed(grace.context);
});
