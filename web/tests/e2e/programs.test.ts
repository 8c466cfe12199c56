// Programs that act for people, what people let them do, and providers by which people sign in.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { scrollsSideways } from "./axe.ts";
import { type Provider, startProvider } from "./provider.ts";
import { PASSWORD, signIn, until } from "./server.ts";
import { watching } from "./watching.ts";

const VERIFIER = "a-verifier-that-nobody-else-has-0123456789-abcdef";
let provider: Provider;

const here = watching(async () => {
  provider = await startProvider("ada@corporate.example");
  return {
    env: {
      ELIDO_IDENTITY__OIDC__CORPORATE__ISSUER: provider.issuer,
      ELIDO_IDENTITY__OIDC__CORPORATE__CLIENT_ID: "elido",
      ELIDO_IDENTITY__OIDC__CORPORATE__CLIENT_SECRET: "a-secret-of-the-provider",
    },
  };
});

/** The program's own server, where people are sent back to. */
let callback = "";
const program = createServer((_from, back) => back.writeHead(200, { "content-type": "text/html" }).end("<p>Back</p>"));
before(async () => {
  await new Promise<void>((resolve) => program.listen(0, "127.0.0.1", resolve));
  callback = `http://127.0.0.1:${(program.address() as { port: number }).port}/callback`;
});
after(() => {
  program.close();
  program.closeAllConnections();
  provider.stop();
});

interface Credentials {
  id: string;
  secret: string;
}
let client: Credentials;

test("a program is registered with a secret that is shown once, changed, and given another secret", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  await signIn(elido, here);
  await page.goto(address("programs"));
  await page.getByRole("heading", { name: "No programs yet" }).waitFor();
  await allIsWell();
  await page.getByRole("button", { name: "Register a program" }).click();
  let dialog = page.getByRole("dialog", { name: "Register a program" });
  await dialog.getByLabel("Name").fill("Newsletter");
  await dialog.getByLabel("Redirect URIs, one a line").fill(`${callback}\nhttp://localhost/callback`);
  await dialog.getByRole("button", { name: "Register", exact: true }).click();
  await dialog.locator(".error").getByText("http://localhost/callback:").waitFor();
  await allIsWell();
  await dialog.getByLabel("Redirect URIs, one a line").fill(callback);
  await dialog.getByRole("button", { name: "Register", exact: true }).click();
  dialog = page.getByRole("dialog", { name: "The program is registered" });
  const shown = async (name: string) =>
    dialog
      .locator("dl > div")
      .filter({ has: page.getByText(name, { exact: true }) })
      .locator("code")
      .innerText();
  client = { id: await shown("Client id"), secret: await shown("Secret") };
  assert.match(client.secret, /^elido_cs_/);
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "dark" });
  await allIsWell();
  await dialog.getByRole("button", { name: "I have copied it" }).click();
  const row = page.getByRole("listitem").filter({ hasText: client.id });
  await row.getByText("read links · make and change links").waitFor();
  assert.equal(await scrollsSideways(page), false);
  assert.equal((await page.content()).includes(client.secret), false, "the secret is shown once");
  await allIsWell();
  await page.setViewportSize({ width: 1440, height: 960 });

  await row.getByRole("button", { name: "Edit" }).click();
  dialog = page.getByRole("dialog", { name: "Newsletter" });
  await dialog.getByLabel("Redirect URIs, one a line").fill(`${callback}\ncom.example.newsletter:/callback`);
  await dialog.getByRole("checkbox", { name: "read analytics" }).check();
  await dialog.getByRole("button", { name: "Save" }).click();
  await row.getByText("com.example.newsletter:/callback").waitFor();
  const kept = await api.ask<{ redirect_uris: string[]; scopes: string[] }>(
    "GET",
    `${base}/oauth-clients/${client.id}`,
  );
  assert.deepEqual(kept.redirect_uris, [callback, "com.example.newsletter:/callback"]);
  assert.deepEqual(kept.scopes, ["links:read", "links:write", "analytics:read"]);

  await row.getByRole("button", { name: "New secret" }).click();
  dialog = page.getByRole("dialog", { name: "A new secret for Newsletter" });
  await dialog.getByLabel("The present secret holds").selectOption("for an hour");
  await allIsWell();
  await dialog.getByRole("button", { name: "Make the secret" }).click();
  dialog = page.getByRole("dialog", { name: "The program is registered" });
  const fresh = await shown("Secret");
  assert.notEqual(fresh, client.secret);
  client = { ...client, secret: fresh };
  await dialog.getByRole("button", { name: "I have copied it" }).click();
  await row.getByText(/The secret before holds until/).waitFor();
  await allIsWell();
});

test("what somebody let a program do is listed in their account, and taken back at once", async () => {
  const { page, elido, complaints, allIsWell } = here;
  await signIn(elido, here);
  const challenge = createHash("sha256").update(VERIFIER).digest("base64url");
  const query = new URLSearchParams({
    response_type: "code",
    client_id: client.id,
    redirect_uri: callback,
    scope: "links:read analytics:read",
    state: "anything",
    code_challenge: challenge,
    code_challenge_method: "S256",
  });
  await page.goto(`${elido.url}/oauth/authorize?${query}`);
  await page.getByRole("button", { name: "Allow", exact: true }).click();
  await page.waitForURL(/\/callback\?/);
  const origin = `a request to ${new URL(callback).origin}`;
  // The person was sent there, and the browser looked for its icon.
  await until("the way back", async () => complaints.includes(origin));
  const form = new URLSearchParams({
    grant_type: "authorization_code",
    code: new URL(page.url()).searchParams.get("code") ?? "",
    redirect_uri: callback,
    code_verifier: VERIFIER,
    client_id: client.id,
    client_secret: client.secret,
  });
  const answer = await fetch(`${elido.url}/oauth/token`, { method: "POST", body: form });
  const { access_token } = (await answer.json()) as { access_token: string };
  const works = async () =>
    (await fetch(`${elido.url}/v1/me`, { headers: { authorization: `Bearer ${access_token}` } })).status === 200;
  assert.equal(await works(), true);
  await page.goto(`${elido.url}/me`);
  const section = page.getByRole("region", { name: "Programs that act for you" });
  const row = section.getByRole("listitem").filter({ hasText: "Newsletter" });
  await row.getByText("in Marketing").waitFor();
  await row.getByText("read links · read analytics").waitFor();
  await row.getByRole("button", { name: "Take back" }).click();
  const dialog = page.getByRole("dialog", { name: "Take back what Newsletter may do?" });
  assert.deepEqual([...new Set(complaints.splice(0))], [origin]);
  await allIsWell();
  await dialog.getByRole("button", { name: "Take back" }).click();
  await section.getByText("No program may act for you.").waitFor();
  assert.equal(await works(), false);
  await allIsWell();
});

test("an identity of a provider is linked by going there, and unlinked", async () => {
  const { page, elido, api, complaints, allIsWell } = here;
  await signIn(elido, here);
  await page.goto(`${elido.url}/me`);
  const section = page.getByRole("region", { name: "Sign-in through providers" });
  await section.getByText("No provider leads to this account yet.").waitFor();
  const form = section.getByRole("form", { name: "Link another" });
  await form.getByLabel("Your password").fill("not her password");
  await form.getByRole("button", { name: "Link another" }).click();
  await form.locator(".error, [role=alert]").waitFor();
  await allIsWell();
  await form.getByLabel("Your password").fill(PASSWORD);
  await form.getByRole("button", { name: "Link another" }).click();
  await until("the identity", async () => (await identities()) === 1);
  async function identities() {
    return (await api.ask<{ data: unknown[] }>("GET", "/v1/me/identities")).data.length;
  }
  // The way back ends on the page that it began on.
  const row = section.getByRole("listitem").filter({ hasText: "corporate" });
  await row.getByText("ada@corporate.example").waitFor();
  assert.equal(new URL(page.url()).pathname, "/me");
  assert.deepEqual([...new Set(complaints.splice(0))], [`a request to ${provider.issuer}`]);
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await scrollsSideways(page), false);
  await allIsWell();
  await row.getByRole("button", { name: "Unlink" }).click();
  const dialog = page.getByRole("dialog", { name: "Unlink corporate?" });
  await allIsWell();
  await dialog.getByRole("button", { name: "Unlink" }).click();
  await section.getByText("No provider leads to this account yet.").waitFor();
  assert.equal(await identities(), 0);
  await allIsWell();
});

test("a program is removed by typing its name", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  await signIn(elido, here);
  await page.goto(address("programs"));
  const row = page.getByRole("listitem").filter({ hasText: client.id });
  await row.getByRole("button", { name: "Remove" }).click();
  const dialog = page.getByRole("dialog", { name: "Remove Newsletter?" });
  await dialog.getByLabel("Type Newsletter to go on").fill("Newsletter");
  await allIsWell();
  await dialog.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("heading", { name: "No programs yet" }).waitFor();
  const left = await api.ask<{ data: unknown[] }>("GET", `${base}/oauth-clients`);
  assert.deepEqual(left.data, []);
  await allIsWell();
});
