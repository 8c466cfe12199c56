// What people type while what they have sent is on its way: none of it is lost, and nothing jumps away from where they are.
import assert from "node:assert/strict";
import { test } from "node:test";
import { violations } from "./axe.ts";
import { accept, signIn, until } from "./server.ts";
import { watching } from "./watching.ts";

const here = watching();

interface Found {
  id: string;
  slug: string;
  title: string | null;
  comment: string | null;
  destination_url: string;
}
const links = async () => (await here.api.ask<{ data: Found[] }>("GET", `${here.base}/links?limit=100`)).data;
const make = (slug: string) =>
  here.api.ask<Found>("POST", `${here.base}/links`, { destination_url: "https://example.com/", slug });

/** Holds requests of this kind to these addresses until it is told to let them go. What comes after is not held. */
async function holding(method: string, addresses: string): Promise<{ begun: Promise<void>; letGo: () => void }> {
  const { promise: begun, resolve: begin, reject: giveUp } = Promise.withResolvers<void>();
  const waiting = setTimeout(() => giveUp(new Error(`nobody asked ${method} ${addresses} within a minute`)), 60_000);
  void begun.catch(() => undefined).finally(() => clearTimeout(waiting));
  const { promise: over, resolve: letGo } = Promise.withResolvers<void>();
  await here.page.route(addresses, async (route) => {
    if (route.request().method() === method) {
      begin();
      await over;
    }
    await route.continue();
  });
  return { begun, letGo };
}

test("what is typed into the editor while a link is saved stays, and is saved next", async () => {
  const { page, elido, address, allIsWell } = here;
  const link = await make("typed");
  await signIn(elido, here);
  await page.goto(address(`links/${link.id}/edit`));
  const title = page.getByLabel("Title", { exact: true });
  await title.fill("one");
  const patch = await holding("PATCH", `**/links/${link.id}`);
  await page.keyboard.press("Control+s");
  await patch.begun;
  await title.fill("one and more");
  patch.letGo();
  await page.getByText("Saved", { exact: true }).waitFor();
  await until("the first half is saved", async () => (await links())[0]?.title === "one");
  assert.equal(await title.inputValue(), "one and more");
  await page.getByText("1 change, not saved").waitFor();
  await allIsWell();
  await page.keyboard.press("Control+s");
  await page.waitForURL(new RegExp(`/links/${link.id}$`));
  assert.equal((await links())[0]?.title, "one and more");
});

test("what is typed while a link is made goes on as a change of that link", async () => {
  const { page, elido, address, allIsWell } = here;
  await signIn(elido, here);
  await page.goto(address("links/new"));
  await page.getByLabel("Destination").fill("https://example.com/made");
  const post = await holding("POST", "**/links");
  await page.keyboard.press("Control+s");
  await post.begun;
  await page.getByLabel("Title", { exact: true }).fill("an afterthought");
  post.letGo();
  await page.waitForURL(/\/links\/lnk_\w+\/edit$/);
  await page.getByText("This is what you wrote last time and did not save.").waitFor();
  assert.equal(await page.getByLabel("Title", { exact: true }).inputValue(), "an afterthought");
  await allIsWell();
  await page.keyboard.press("Control+s");
  await page.waitForURL(/\/links\/lnk_\w+$/);
  const made = (await links()).filter((found) => found.destination_url === "https://example.com/made");
  assert.deepEqual(
    made.map((found) => found.title),
    ["an afterthought"],
  );
});

test("a field that is wrong is gone to by whoever waits for it, and keeps nobody from another", async () => {
  const { page, elido, address, allIsWell } = here;
  const link = await make("wrong");
  await signIn(elido, here);
  await page.goto(address(`links/${link.id}/edit`));
  const destination = page.getByLabel("Destination");
  const title = page.getByLabel("Title", { exact: true });
  await destination.fill("javascript:alert(1)");
  const patch = await holding("PATCH", `**/links/${link.id}`);
  await page.keyboard.press("Control+s");
  await patch.begun;
  await title.focus();
  patch.letGo();
  await page.getByText("1 field needs attention").waitFor();
  await title.pressSequentially("elsewhere");
  assert.equal(await title.inputValue(), "elsewhere");
  // What is wrong in a part that is folded up unfolds it.
  await destination.fill("https://example.com/");
  const utm = page.getByText("UTM parameters");
  await utm.click();
  await page.getByLabel("utm_source").fill("x".repeat(3000));
  await utm.click();
  await page.keyboard.press("Control+s");
  await page.getByText("1 field needs attention").waitFor();
  await until("the focus", () => page.getByLabel("utm_source").evaluate((field) => field === document.activeElement));
  // Whoever empties the last field of a part goes on in it.
  await page.getByLabel("utm_source").fill("");
  assert.equal(await page.getByLabel("utm_medium").isVisible(), true);
  await allIsWell();
});

test("addresses that are pasted while others become links stay for the next turn", async () => {
  const { page, elido, address } = here;
  await signIn(elido, here);
  await page.goto(address("links/many"));
  const field = page.getByLabel("Destinations, one a line");
  await field.fill("https://example.com/many-1\nhttps://example.com/many-2\njavascript:alert(1)");
  const post = await holding("POST", "**/links/bulk");
  await page.getByRole("button", { name: "Make 3 links" }).click();
  await post.begun;
  await field.press("Control+End");
  await field.pressSequentially("\nhttps://example.com/many-3");
  post.letGo();
  await page.getByRole("region", { name: "What was made" }).waitFor();
  assert.equal(await field.inputValue(), "javascript:alert(1)\nhttps://example.com/many-3");
  assert.equal((await links()).filter((link) => link.destination_url.includes("/many-")).length, 2);
});

test("names of tags and folders are changed where they stand, also while others are sent", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  await api.ask("POST", `${base}/folders`, { name: "Spring" });
  await signIn(elido, here);
  await page.goto(address("settings"));
  const name = page.getByLabel("Name of the folder Spring");
  const patch = await holding("PATCH", "**/folders/*");
  await name.fill("Summer");
  await page.getByLabel("New folder").focus();
  await patch.begun;
  await name.fill("Summer and autumn");
  patch.letGo();
  const renamed = page.getByLabel("Name of the folder Summer", { exact: true });
  await renamed.waitFor();
  assert.equal(await renamed.inputValue(), "Summer and autumn");
  await page.getByLabel("New folder").focus();
  await page.getByLabel("Name of the folder Summer and autumn").waitFor();
  const folders = await api.ask<{ data: { name: string }[] }>("GET", `${base}/folders`);
  assert.deepEqual(
    folders.data.map((folder) => folder.name),
    ["Summer and autumn"],
  );
  await allIsWell();
});

test("keys act on the link that they were on, though another has come above it", async () => {
  const { page, elido, address } = here;
  await make("below");
  await signIn(elido, here);
  await page.goto(address("links"));
  const row = page.getByRole("row").filter({ hasText: "/below" });
  await row.getByRole("checkbox").focus();
  await make("above");
  await page.getByRole("row").filter({ hasText: "/above" }).waitFor();
  await page.keyboard.press("Delete");
  await row.waitFor({ state: "detached" });
  // The row goes before the server has answered.
  const slugs = async () => (await links()).map((link) => link.slug);
  await until("a link that is deleted", async () => !(await slugs()).includes("below"));
  assert.ok((await slugs()).includes("above"));
});

test("a role that was chosen stays chosen while it is sent", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  await api.ask("POST", `${base}/invitations`, { email: "grace@example.com", role: "viewer" });
  await accept(elido, "grace@example.com", "Grace", "a password of hers");
  await signIn(elido, here);
  await page.goto(address("people"));
  const role = page.getByLabel("Role of grace@example.com");
  const patch = await holding("PATCH", "**/members/*");
  await role.selectOption("Editor");
  await patch.begun;
  assert.equal(await role.inputValue(), "editor");
  patch.letGo();
  const members = () => api.ask<{ data: { email: string; role: string }[] }>("GET", `${base}/members`);
  await until("the role", async () => (await members()).data.some(({ role: now }) => now === "editor"));
  assert.equal(await role.inputValue(), "editor");
  await allIsWell();
});

test("a second click on what is being done meets no other row", async () => {
  const { page, elido, api, base, address } = here;
  for (const slug of ["bin-one", "bin-two"]) {
    const { id } = await make(slug);
    await api.ask("DELETE", `${base}/links/${id}`);
  }
  await signIn(elido, here);
  await page.goto(address("bin"));
  const restore = page.getByRole("listitem").filter({ hasText: "bin-two" }).getByRole("button", { name: "Restore" });
  const post = await holding("POST", "**/restore");
  await restore.click();
  await post.begun;
  // Wherever the button was when it was pressed, others come there.
  const { x, y, width, height } = (await restore.boundingBox()) ?? assert.fail("no button");
  const click = () => page.mouse.click(x + width / 2, y + height / 2);
  await click();
  const list = await holding("GET", "**/deleted-links**");
  post.letGo();
  await list.begun;
  await click();
  list.letGo();
  await restore.waitFor({ state: "detached" });
  assert.deepEqual(
    (await links()).map((link) => link.slug).filter((slug) => slug.startsWith("bin-")),
    ["bin-two"],
  );
});

test("a link that is asked for by an address is another than the one that was begun, which Undo brings back", async () => {
  const { page, elido, address, allIsWell } = here;
  await signIn(elido, here);
  await page.goto(address("links/new"));
  const destination = page.getByLabel("Destination");
  const title = page.getByLabel("Title", { exact: true });
  await destination.fill("https://example.com/begun");
  await title.fill("begun");
  await page.goto(`${address("links/new")}?destination=${encodeURIComponent("https://example.com/asked")}`);
  await until("the address", async () => (await destination.inputValue()) === "https://example.com/asked");
  assert.equal(await title.inputValue(), "");
  await allIsWell();
  await page.getByRole("button", { name: "Undo" }).click();
  assert.equal(await destination.inputValue(), "https://example.com/begun");
  assert.equal(await title.inputValue(), "begun");
});

test("what is typed while the palette is on its way is typed into it", async () => {
  const { page, elido, address } = here;
  const palette = page.getByRole("dialog");
  await make("awaited");
  await signIn(elido, here);
  await page.goto(address("links"));
  await page.getByRole("row").filter({ hasText: "/awaited" }).waitFor();
  const script = await holding("GET", "**/assets/Palette-*.js");
  await page.keyboard.press("Control+k");
  await script.begun;
  await page.keyboard.type("awaite");
  script.letGo();
  const option = palette.getByRole("option").filter({ hasText: "awaited" });
  await option.waitFor();
  await page.keyboard.type("d");
  assert.equal(await palette.getByRole("combobox").inputValue(), "awaited");
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press("Escape");
  // It begins with nothing the next time.
  await page.keyboard.press("Control+k");
  assert.equal(await palette.getByRole("combobox").inputValue(), "");
});

test("whoever leaves the palette goes on typing where they were", async () => {
  const { page, elido, address } = here;
  const link = await make("between");
  await signIn(elido, here);
  await page.goto(address(`links/${link.id}/edit`));
  const title = page.getByLabel("Title", { exact: true });
  await title.fill("begun ended");
  for (let step = 0; step < " ended".length; step += 1) await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.keyboard.type(" and");
  assert.equal(await title.inputValue(), "begun and ended");
});

test("what is marked in the palette stays marked when more is found", async () => {
  const { page, elido, address } = here;
  const palette = page.getByRole("dialog");
  await make("palette-one");
  await make("palette-two");
  await signIn(elido, here);
  await page.goto(address("links"));
  await page.getByRole("row").filter({ hasText: "/palette-two" }).waitFor();
  await page.keyboard.press("Control+k");
  await palette.getByRole("combobox").waitFor();
  const option = (slug: string) => palette.getByRole("option").filter({ hasText: slug });
  await page.keyboard.type("palette");
  await option("palette-one").waitFor();
  await make("palette-three");
  const search = await holding("GET", "**/search?**");
  await page.keyboard.type("-");
  await search.begun;
  while ((await option("palette-one").getAttribute("aria-selected")) !== "true") await page.keyboard.press("ArrowDown");
  search.letGo();
  await option("palette-three").waitFor();
  assert.equal(await option("palette-one").getAttribute("aria-selected"), "true");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "palette-one" }).waitFor();
});
