// What can be done with links: QR codes, edits of all that match, the bin, comments, folders, rules that are not saved yet.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { signIn, until } from "./server.ts";
import { watching } from "./watching.ts";

const here = watching();

interface Made {
  id: string;
  slug: string;
  short_url: string;
}

const make = (json: Record<string, unknown>) => here.api.ask<Made>("POST", `${here.base}/links`, json);

test("a QR code is designed and downloaded, and colours that would not scan are told", async () => {
  const { page, elido, address, allIsWell } = here;
  const link = await make({ destination_url: "https://example.com/poster", slug: "poster" });
  await signIn(elido, here);
  await page.getByText("/poster").first().waitFor();
  await page.keyboard.press("q");
  await page.getByText("Contrast 21").waitFor();
  await page.getByLabel("Modules", { exact: true }).fill("#0f5e4d");
  await page.getByLabel("Margin, in modules").selectOption("8");
  await page.waitForURL(/quiet_zone=8/);
  const picture = page.getByRole("img", { name: /QR code of/ });
  await page.waitForFunction(() => document.querySelector<HTMLImageElement>(".qr")?.src.includes("0f5e4d"));
  assert.ok((await picture.boundingBox())?.width);
  await allIsWell();
  for (const [format, start] of [
    ["SVG", "<svg"],
    ["PNG", "\u0089PNG"],
    ["PDF", "%PDF"],
  ] as const) {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: `Download ${format}` }).click(),
    ]);
    assert.ok(readFileSync(await download.path(), "latin1").includes(start), format);
  }
  await page.getByLabel("Background").fill("#5f6a6f");
  await page.getByText("Take darker modules").waitFor();
  await page.getByRole("alert").waitFor();
  await allIsWell();
  await page.goto(address(`links/${link.id}/edit`));
  await page.getByLabel("Title").fill("Poster");
  await page.getByText("its QR code is on paper").waitFor();
});

test("all links that match are changed at once, after they were looked at, and changed back", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  const links = Array.from({ length: 150 }, (_, index) => ({
    destination_url: `https://old.example.com/${index}`,
    slug: `match-${index}`,
  }));
  await api.ask("POST", `${base}/links/bulk`, { links });
  await signIn(elido, here);
  await page.goto(address("links?search=%22match-%22"));
  await page.getByText("150 links").waitFor();
  await page.keyboard.press("Control+a");
  await page.getByRole("button", { name: "Change all 150 that match" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("What changes").selectOption("replace");
  await dialog.getByLabel("Text").fill("old.example.com");
  await dialog.getByLabel("Becomes").fill("new.example.com");
  await dialog.getByRole("button", { name: "Look at it first" }).click();
  await dialog.getByText("150 links are found").waitFor();
  await dialog.getByText("new.example.com").first().waitFor();
  await allIsWell();
  const count = async (text: string) =>
    (await api.ask<{ links: number }>("GET", `${base}/links/count?search=${text}`)).links;
  assert.equal(await count("new.example.com"), 0, "looking changes nothing");
  await dialog.getByRole("button", { name: "Change 150 links" }).click();
  await page.getByText("150 links changed").waitFor();
  assert.equal(await count("new.example.com"), 150);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Undone").waitFor();
  assert.equal(await count("new.example.com"), 0);
  await allIsWell();
  await page.reload();
  await page.getByText("150 links").waitFor();
  await page.keyboard.press("Control+a");
  await page.getByRole("button", { name: "Change all 150 that match" }).click();
  await dialog.getByLabel("What changes").selectOption("delete");
  await dialog.getByRole("button", { name: "Look at it first" }).click();
  await dialog.getByText("150 links are found").waitFor();
  await allIsWell();
  await dialog.getByRole("button", { name: "Delete 150 links" }).click();
  await page.getByText("150 links deleted").waitFor();
  assert.equal(await count("match-"), 0);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Undone").waitFor();
  assert.equal(await count("match-"), 150);
});

test("links are moved into a folder that was made in the settings, and columns are chosen", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  const link = await make({ destination_url: "https://example.com/moved", slug: "moved" });
  await signIn(elido, here);
  await page.goto(address("settings"));
  await page.getByLabel("New folder").fill("Campaigns");
  await page.getByRole("button", { name: "Make it" }).click();
  await page.getByLabel("Name of the folder Campaigns").waitFor();
  await page.getByRole("button", { name: "New template" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("Mail");
  await page.getByRole("dialog").getByLabel("utm_source").fill("newsletter");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await page.getByText("utm_source=newsletter").waitFor();
  await allIsWell();
  await page.goto(address("links?search=moved"));
  await page.getByText("1 link", { exact: true }).waitFor();
  await page.getByRole("row").nth(1).waitFor();
  await page.keyboard.press("m");
  await page.getByRole("dialog").getByLabel("Folder").selectOption("Campaigns");
  await page.getByRole("dialog").getByRole("button", { name: "Move" }).click();
  await page.getByText("1 link moved").waitFor();
  assert.ok((await api.ask<{ folder_id: string }>("GET", `${base}/links/${link.id}`)).folder_id);
  await page.locator("summary", { hasText: "Columns" }).click();
  await page.getByLabel("Last click").check();
  await page.getByLabel("Created").uncheck();
  await page.getByRole("columnheader", { name: "Last click" }).waitFor();
  assert.equal(await page.getByRole("columnheader", { name: "Created" }).count(), 0);
  await page.reload();
  await page.getByRole("columnheader", { name: "Last click" }).waitFor();
  await allIsWell();
  await page.goto(address("links/new"));
  await page.getByText("UTM parameters").click();
  await page.getByLabel("Fill in from a template").selectOption("Mail");
  assert.equal(await page.getByLabel("utm_source").inputValue(), "newsletter");
});

test("a deleted link keeps its slug and comes back from the bin, or is deleted for good", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  const link = await make({ destination_url: "https://example.com/deleted", slug: "deleted" });
  await api.ask("DELETE", `${base}/links/${link.id}`);
  await signIn(elido, here);
  await page.goto(address("bin"));
  await allIsWell();
  await page.getByRole("button", { name: "Restore" }).first().click();
  await page.getByText("deleted is back").waitFor();
  assert.equal((await api.ask<Made>("GET", `${base}/links/${link.id}`)).slug, "deleted");
  await api.ask("DELETE", `${base}/links/${link.id}`);
  await page.reload();
  await page.getByRole("button", { name: "Delete for good" }).first().click();
  await page.getByLabel(/Type deleted/).fill("deleted");
  await page.getByRole("dialog").getByRole("button", { name: "Delete for good" }).click();
  await page.getByText("Nothing was deleted").waitFor();
  await allIsWell();
});

test("people talk about a link, and see what it was before", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  const link = await make({ destination_url: "https://example.com/first", slug: "talked" });
  await api.ask("PATCH", `${base}/links/${link.id}`, { destination_url: "https://example.com/second" });
  await signIn(elido, here);
  await page.goto(address(`links/${link.id}`));
  const comments = page.getByRole("region", { name: "Comments" });
  await comments.getByLabel("Add a comment").fill("<b>Monday</b>");
  await comments.getByRole("button", { name: "Comment", exact: true }).click();
  await comments.getByText("<b>Monday</b>").waitFor();
  await comments.getByRole("button", { name: "Edit" }).click();
  await comments.getByLabel("Comments").fill("Tuesday");
  await comments.getByRole("button", { name: "Save" }).click();
  await comments.getByText("Tuesday").waitFor();
  const history = page.getByRole("region", { name: "History" });
  await history.getByText("https://example.com/first").waitFor();
  await allIsWell();
  await history.getByRole("button", { name: "Go back to this" }).click();
  await page.getByText("→ https://example.com/first").first().waitFor();
  const now = await api.ask<{ destination_url: string }>("GET", `${base}/links/${link.id}`);
  assert.equal(now.destination_url, "https://example.com/first");
  await comments.getByRole("button", { name: "Remove" }).click();
  await comments.getByText("Nobody has said anything").waitFor();
  await allIsWell();
});

test("rules are tried before they are saved, of a new link and of one that is there", async () => {
  const { page, elido, address, allIsWell } = here;
  await signIn(elido, here);
  await page.goto(address("links/new"));
  await page.getByLabel("Destination").fill("https://example.com/all");
  await page.getByRole("button", { name: "Add a rule" }).click();
  await page.getByLabel("Name of the rule").fill("Firefox");
  await page.getByLabel("Add a condition").selectOption("browsers");
  await page.getByLabel("Add a value").fill("Firefox");
  await page.getByLabel("Address", { exact: true }).fill("https://example.com/firefox");
  await page.getByLabel("Program").selectOption("Firefox, Linux");
  await page.getByRole("button", { name: "Try", exact: true }).click();
  await page.getByText("“Firefox” decides").waitFor();
  await page.getByText("This one wins").waitFor();
  await allIsWell();
  await page.getByLabel("Program").selectOption("Safari, Mac");
  await page.getByRole("button", { name: "Try", exact: true }).click();
  await page.getByText("No rule holds").waitFor();
  await page.getByLabel("Address", { exact: true }).fill("not an address");
  await page.getByRole("button", { name: "Try", exact: true }).click();
  await page.locator(".note[data-look=bad]").waitFor();
  await allIsWell();
});

test("links that an action leaves alone are told with the reason, and tried again", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  const folder = await api.ask<{ id: string }>("POST", `${base}/folders`, { name: "Frozen" });
  await make({ destination_url: "https://example.com/", slug: "again-1", folder_id: folder.id });
  await make({ destination_url: "https://example.com/", slug: "again-2" });
  const window = await api.ask<{ id: string }>("POST", `${base}/freeze-windows`, {
    reason: "Black Friday",
    ends_at: "2099-12-01T00:00:00Z",
    folder_id: folder.id,
  });
  await signIn(elido, here);
  await page.goto(address("links?search=again-"));
  await page.getByText("2 links", { exact: true }).waitFor();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("a");
  await page.getByText("1 link archived").waitFor();
  const report = page.getByRole("alert").filter({ hasText: "1 link stays as it is" });
  await report.getByRole("link", { name: "/again-1" }).waitFor();
  await report.getByText("Black Friday").waitFor();
  await allIsWell();
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "dark" });
  await allIsWell();
  await api.ask("DELETE", `${base}/freeze-windows/${window.id}`);
  await report.getByRole("button", { name: "Try again" }).click();
  await report.waitFor({ state: "hidden" });
  const archived = () => api.ask<{ links: number }>("GET", `${base}/links/count?search=again-&archived=true`);
  await until("both", async () => (await archived()).links === 2);
  await allIsWell();
});

test("what is done to many links says how far it is, is stopped, and goes on where it was", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  const most = 1100;
  for (let start = 0; start < most; start += 550) {
    const links = Array.from({ length: 550 }, (_, index) => ({
      destination_url: `https://example.com/${start + index}`,
      slug: `many-${start + index}`,
    }));
    await api.ask("POST", `${base}/links/bulk`, { links });
  }
  await signIn(elido, here);
  await page.goto(address("links?search=many-"));
  await page.getByText("1100 links", { exact: true }).waitFor();
  // The last one is the first that was made.
  await until("all rows", async () => {
    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    return (await page.getByText("/many-0", { exact: false }).count()) > 0;
  });
  await page.keyboard.press("Control+a");
  await page.getByText("1100 selected").waitFor();
  let sent = 0;
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/links/bulk", async (route) => {
    sent += 1;
    if (sent === 2) await held;
    await route.continue();
  });
  await page.keyboard.press("a");
  await page.getByText("500 of 1,100").waitFor();
  await page.evaluate(() => window.scrollTo(0, 0));
  await allIsWell();
  await page.getByRole("button", { name: "Stop" }).click();
  release();
  await page.getByText("1000 links archived").waitFor();
  const report = page.getByRole("alert").filter({ hasText: "100 links stay as they are" });
  await report.getByText("stopped before its turn").first().waitFor();
  await report.getByText("and 80 more").waitFor();
  await allIsWell();
  const archived = () => api.ask<{ links: number }>("GET", `${base}/links/count?search=many-&archived=true`);
  assert.deepEqual([sent, (await archived()).links], [2, 1000]);
  await report.getByRole("button", { name: "Try again" }).click();
  await page.getByText("100 links archived", { exact: true }).waitFor();
  assert.equal((await archived()).links, most);
});

test("a link has a card where it is posted, addresses for phones, and words for those it leads nowhere", async () => {
  const { page, elido, api, base, address, allIsWell } = here;
  const link = await make({ destination_url: "https://example.com/", slug: "carded" });
  await signIn(elido, here);
  await page.goto(address(`links/${link.id}/edit`));
  await page.getByText("Card where it is posted").click();
  await page.getByLabel("Heading of the card").fill("Spring sale");
  await page.getByLabel("Text of the card").fill("Everything for half of it");
  await page.getByLabel("Preview", { exact: true }).getByText("Everything for half of it").waitFor();
  await page.getByLabel("Address of its picture").fill("not an address");
  await page.getByText("Phones, search engines, words").click();
  await page.getByLabel("Address for iPhones").fill("https://apps.example.com/spring");
  await page.getByLabel("Search engines").fill("noindex");
  await page.getByLabel("What visitors read when it is over").fill("The sale is over.");
  await allIsWell();
  await page.keyboard.press("Control+s");
  await page.locator(".error").first().waitFor();
  await page.getByLabel("Address of its picture").fill("https://example.com/spring.png");
  await page.keyboard.press("Control+s");
  await page.getByText("Saved", { exact: true }).waitFor();
  const kept = await api.ask<Record<string, unknown>>("GET", `${base}/links/${link.id}`);
  assert.deepEqual(
    [kept.preview, kept.ios_url, kept.android_url ?? null, kept.robots, kept.expired_text],
    [
      {
        title: "Spring sale",
        description: "Everything for half of it",
        image_url: "https://example.com/spring.png",
      },
      "https://apps.example.com/spring",
      null,
      "noindex",
      "The sale is over.",
    ],
  );
  const iphone =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Safari/604.1";
  const visit = () => fetch(link.short_url, { redirect: "manual", headers: { "user-agent": iphone } });
  await until(
    "the address for iPhones",
    async () => (await visit()).headers.get("location") === "https://apps.example.com/spring",
  );
  await page.goto(address(`links/${link.id}/edit`));
  await page.getByLabel("Address for iPhones").fill("");
  for (const name of ["Heading of the card", "Text of the card", "Address of its picture"])
    await page.getByLabel(name).fill("");
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "dark" });
  await allIsWell();
  await page.keyboard.press("Control+s");
  await page.getByText("Saved", { exact: true }).waitFor();
  assert.equal((await api.ask<Record<string, unknown>>("GET", `${base}/links/${link.id}`)).preview ?? null, null);
  await until("what was saved", async () => (await visit()).headers.get("location") === "https://example.com/");
});
