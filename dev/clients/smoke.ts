// Uses the generated client for one of each kind of operation: single, page, edit, bulk, report, and what goes wrong.
import assert from "node:assert/strict";
import { createClient } from "./client/client";
import {
  createLink,
  createLinks,
  deleteLink,
  getAnalyticsSummary,
  getLink,
  getMe,
  listAuditEvents,
  listLinks,
  updateLink,
  type LinkDraft,
} from "./client";

const setting = (name: string): string => {
  const value = process.env[name];
  assert.ok(value, `${name} is not set`);
  return value;
};

const baseUrl = setting("ELIDO_URL");
const client = createClient({ baseUrl, auth: setting("ELIDO_TOKEN") });
const path = { workspace_id: setting("ELIDO_WORKSPACE") };

const main = async (): Promise<void> => {
  const me = await getMe({ client, throwOnError: true });
  assert.equal(me.data.type, "person");

  const draft: LinkDraft = {
    destination_url: "https://example.com/from-typescript",
    tags: ["typescript"],
    rules: [
      {
        name: "German phones",
        conditions: [
          { type: "countries", any_of: ["DE"] },
          { type: "devices", any_of: ["mobile"] },
        ],
        outcome: { type: "destination", destination_url: "https://example.com/de" },
      },
    ],
  };
  const made = await createLink({ client, path, body: draft, headers: { "Idempotency-Key": "smoke-typescript" }, throwOnError: true });
  const again = await createLink({ client, path, body: draft, headers: { "Idempotency-Key": "smoke-typescript" }, throwOnError: true });
  assert.equal(again.data.id, made.data.id);
  const link = { ...path, link_id: made.data.id };
  assert.equal((await getLink({ client, path: link, throwOnError: true })).data.rules?.[0]?.conditions?.[1]?.type, "devices");

  const etag = made.response.headers.get("etag") ?? assert.fail("no ETag");
  const edit = (title: string) => updateLink({ client, path: link, body: { title }, headers: { "If-Match": etag } });
  assert.equal((await edit("Renamed")).data?.title, "Renamed");
  const lost = await edit("Lost");
  assert.equal(lost.response?.status, 412);
  assert.equal(lost.error?.status, 412);

  const drafts = [1, 2, 3, 4].map((number) => ({ destination_url: `https://example.com/${number}`, tags: ["typescript"] }));
  const bulk = await createLinks({ client, path, body: { links: [...drafts, { destination_url: "no address" }] }, throwOnError: true });
  const outcomes = bulk.data.results.map((each) => (each.status === "failed" ? each.problem.errors?.[0]?.pointer : each.status));
  assert.deepEqual(outcomes, ["created", "created", "created", "created", "/links/4/destination_url"]);

  const seen = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await listLinks({ client, path, query: { tag: "typescript", limit: 2, cursor }, throwOnError: true });
    for (const each of page.data.data) seen.add(each.id);
    cursor = page.data.next_cursor ?? undefined;
  } while (cursor !== undefined);
  assert.equal(seen.size, 5);

  const summary = await getAnalyticsSummary({ client, path, query: { link: [made.data.id] }, throwOnError: true });
  assert.equal(summary.data.clicks, 0);
  const audit = await listAuditEvents({ client, path, query: { action: "link.updated" }, throwOnError: true });
  assert.equal(audit.data.data[0]?.target, made.data.id);

  const wrong = await createLink({ client, path, body: { destination_url: "no address" } });
  assert.equal(wrong.response?.status, 400);
  assert.equal(wrong.error?.errors?.[0]?.pointer, "/destination_url");
  assert.equal((await deleteLink({ client, path: link })).response?.status, 204);
  assert.equal((await getLink({ client, path: link })).error?.code, "not_found");
  assert.equal((await getMe({ client: createClient({ baseUrl }) })).response?.status, 401);
};

void main();
