// Pages that mails lead to, and those of administrators of the instance.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EMAIL, signIn, until } from "./server.ts";
import { watching } from "./watching.ts";

const here = watching();
const GRACE = "grace@example.com";

/** The link of the last of so many mails to an address, with what it is for. */
async function mailed(to: string, count: number, path: string): Promise<string> {
  const letter = await until(`mail ${count} to ${to}`, async () => here.elido.letters(to)[count - 1]);
  const link = new RegExp(`https?://\\S+/${path}#\\S+`).exec(letter)?.[0];
  assert.ok(link, letter);
  // The tests may look at the dashboard through another port than people do.
  return here.elido.url + new URL(link).pathname + new URL(link).hash;
}

test("the invited accept by the link of a mail, and see what their role allows", async () => {
  const { page, elido, api, base, allIsWell, address } = here;
  await api.ask("POST", `${base}/invitations`, { email: GRACE, role: "viewer" });
  await page.goto(await mailed(GRACE, 1, "invitation"));
  await page.getByText("To the workspace Marketing, as Viewer.").waitFor();
  assert.equal(new URL(page.url()).hash, "", "the secret leaves the address");
  await allIsWell();
  await page.getByLabel("Your name").fill("Grace");
  await page.getByLabel("Password").fill("a password of hers");
  await page.getByRole("button", { name: "Join" }).click();
  await page.getByRole("heading", { name: "Links", exact: true }).waitFor();
  await page.getByText("Ask somebody who may edit").waitFor();
  assert.equal(await page.getByRole("link", { name: "New link" }).count(), 0);
  await allIsWell();
  await page.goto(address("links/new"));
  await page.getByLabel("Destination").fill("https://example.com/");
  await page.keyboard.press("Control+Enter");
  await page
    .getByRole("status")
    .getByText(/may not|not allowed|permission|role/i)
    .waitFor();
  await page.goto(`${elido.url}/admin/accounts`);
  await page.getByText("These pages are for administrators").waitFor();
  await allIsWell();
});

test("somebody with an account signs in on the page of the invitation, and joins", async () => {
  const { page, api, allIsWell } = here;
  const other = await api.ask<{ id: string }>("POST", "/v1/workspaces", { name: "Press", slug: "press" });
  await api.ask("POST", `/v1/workspaces/${other.id}/invitations`, { email: GRACE, role: "editor" });
  await page.goto(await mailed(GRACE, 2, "invitation"));
  await page.getByText("You have an account. Sign in to join.").waitFor();
  await page.getByLabel("Email").fill(GRACE);
  await page.getByLabel("Password").fill("a password of hers");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Join" }).click();
  await page.waitForURL(/\/w\/press\/links/);
  await page.getByRole("link", { name: "New link" }).waitFor();
  await allIsWell();
});

test("a forgotten password is replaced by the link of a mail, which works once", async () => {
  const { page, elido, allIsWell } = here;
  await page.goto(`${elido.url}/sign-in`);
  await page.getByRole("link", { name: "Forgotten your password?" }).click();
  await page.getByLabel("Email").fill(GRACE);
  await page.getByRole("button", { name: "Send the mail" }).click();
  await page.getByText(`If ${GRACE} has an account`).waitFor();
  await allIsWell();
  const link = await until("the mail", async () => {
    const letter = elido.letters(GRACE).findLast((text) => text.includes("/reset-password#code="));
    return letter && /\/reset-password#\S+/.exec(letter)?.[0];
  });
  await page.goto(elido.url + link);
  await page.getByLabel("Password").fill("another password of hers");
  await page.getByRole("button", { name: "Set the password" }).click();
  await page.getByText("Your password is changed").waitFor();
  await allIsWell();
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.getByLabel("Email").fill(GRACE);
  await page.getByLabel("Password").fill("another password of hers");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Links", exact: true }).waitFor();
  await page.goto(`${elido.url}/reset-password`);
  await page.getByLabel("Code from the mail").fill(link.split("code=")[1] ?? "");
  await page.getByLabel("Password").fill("a third password of hers");
  await page.getByRole("button", { name: "Set the password" }).click();
  await page.locator("[role=alert], .error").first().waitFor();
  await allIsWell();
});

test("an address is confirmed by the link of a mail", async () => {
  const { page, api, allIsWell } = here;
  await api.ask("POST", "/v1/me/email/verification");
  await page.goto(await mailed(EMAIL, 1, "confirm-email"));
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByText(`${EMAIL} is confirmed.`).waitFor();
  await allIsWell();
});

test("an administrator disables an account, and takes that back", async () => {
  const { page, elido, allIsWell } = here;
  await signIn(elido, here);
  await page.getByRole("link", { name: "Administration" }).click();
  await page.getByText("Ready", { exact: true }).waitFor();
  await page.getByText("Up", { exact: true }).first().waitFor();
  await allIsWell();
  await page.getByRole("link", { name: "Accounts" }).click();
  await page.getByLabel("Email").fill(GRACE);
  await page.waitForURL(/email=grace/);
  const row = page.getByRole("listitem").filter({ hasText: GRACE });
  await row.getByText("address confirmed").waitFor();
  await row.getByRole("button", { name: "Disable" }).click();
  await row.getByText("Disabled", { exact: true }).waitFor();
  // It is offered for ten seconds.
  await page.getByRole("button", { name: "Undo" }).click();
  await row.getByRole("button", { name: "Disable" }).click();
  await row.getByText("Disabled", { exact: true }).waitFor();
  await allIsWell();
  await page.getByRole("link", { name: "Jobs" }).click();
  const done = page.waitForResponse(/\/jobs\?.*state=done/);
  await page.getByLabel("State").selectOption("done");
  await (await done).finished();
  // Other jobs stand in the list too, and say the same of themselves unseen until they are opened.
  const mail = page.getByRole("listitem").filter({ hasText: "account_mail" }).filter({ hasText: "Done" }).first();
  await mail.getByText("account_mail", { exact: true }).click();
  await mail.getByText(/Attempt 1 of/).waitFor();
  await allIsWell();
});

test("what somebody else changes shows by itself", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  await signIn(elido, here);
  await page.goto(address("links"));
  await page.getByText("No links yet").waitFor();
  await api.ask("POST", `${base}/links`, { destination_url: "https://example.com/elsewhere", slug: "elsewhere" });
  await page.getByText("/elsewhere").first().waitFor();
  await allIsWell();
});
