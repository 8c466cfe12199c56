import { api, body, newKey } from "../../api/client";
import { problemOf } from "../../api/problem";
import type { Link, LinkDraft } from "../../api/types";
import { t } from "../../i18n";
import "../../i18n/late";

/** How many links one request makes. */
const CHUNK = 500;
/** How many addresses are taken at once. */
export const MOST = 2000;

/** What became of an address: a link, or a reason against it. */
export type Outcome = { address: string; link: Link } | { address: string; reason: string };

export const isMade = (outcome: Outcome): outcome is { address: string; link: Link } => "link" in outcome;

/** The lines of a text that say something. */
export const addressesOf = (text: string) =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);

interface Making {
  workspace: string;
  addresses: string[];
  /** What all of them have. */
  alike: Omit<LinkDraft, "destination_url">;
  /** Keys of what was sent before, so that nothing is made twice when it is sent again. */
  keys: Map<string, string>;
  onProgress: (done: number) => void;
  isStopped: () => boolean;
}

/** Makes a link of every address, so many at a time. What was not made says why; whoever stops it stops it before the next request. */
export async function makeMany({
  workspace,
  addresses,
  alike,
  keys,
  onProgress,
  isStopped,
}: Making): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let place = 0; place < addresses.length; place += CHUNK) {
    const chunk = addresses.slice(place, place + CHUNK);
    if (isStopped()) outcomes.push(...chunk.map((address) => ({ address, reason: t("links.stopped") })));
    else outcomes.push(...(await makeChunk(workspace, chunk, alike, keys)));
    onProgress(outcomes.length);
  }
  return outcomes;
}

async function makeChunk(
  workspace_id: string,
  addresses: string[],
  alike: Making["alike"],
  keys: Map<string, string>,
): Promise<Outcome[]> {
  const draft = { links: addresses.map((destination_url) => ({ ...alike, destination_url })) };
  const text = JSON.stringify(draft);
  const key = keys.get(text) ?? newKey();
  keys.set(text, key);
  try {
    const params = { path: { workspace_id } };
    const headers = { "idempotency-key": key };
    const { results } = await body(
      api.POST("/v1/workspaces/{workspace_id}/links/bulk", { params, body: draft, headers }),
    );
    keys.delete(text);
    return results.map((result, index) => {
      const address = addresses[index] ?? "";
      if ("link" in result) return { address, link: result.link };
      if (result.status !== "failed") return { address, reason: result.status };
      const { detail, errors } = result.problem;
      return { address, reason: errors?.map((field) => field.detail).join("; ") || detail };
    });
  } catch (error) {
    const problem = problemOf(error);
    const reason = problem.status === 0 ? t("common.noAnswer") : problem.message;
    return addresses.map((address) => ({ address, reason }));
  }
}

/** Takes back what was just made. */
export async function unmake(workspace_id: string, links: Link[]): Promise<void> {
  for (let place = 0; place < links.length; place += CHUNK) {
    const ids = links.slice(place, place + CHUNK).map((link) => link.id);
    const params = { path: { workspace_id } };
    await body(api.POST("/v1/workspaces/{workspace_id}/links/bulk/delete", { params, body: { ids } }));
  }
}
