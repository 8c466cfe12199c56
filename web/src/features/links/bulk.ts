import { useSyncExternalStore } from "react";
import { problemOf } from "../../api/problem";
import type { BulkResults, Link } from "../../api/types";
import { t } from "../../i18n";
import { shown } from "./state";

/** How many links one request changes. */
const CHUNK = 500;

export interface Failed {
  id: string;
  name: string;
  reason: string;
}

/** What is done to many links: how far it is, and which of them were left as they are. */
export interface Bulk {
  id: number;
  done: number;
  total: number;
  isOver: boolean;
  failed: Failed[];
  stop: () => void;
  /** Tries what failed again. */
  retry?: () => void;
  /** Whether links were left alone because they may be in print; to try again is to say that this is known. */
  isPrinted?: boolean;
}

export type Send = (links: Link[], confirmPrinted: boolean) => Promise<BulkResults>;

interface Outcome {
  /** What can be undone, one for each request. */
  changes: string[];
  /** How many links were changed. */
  done: number;
}

let bulks: Bulk[] = [];
let last = 0;
const listeners = new Set<() => void>();

function set(next: Bulk[]): void {
  bulks = next;
  for (const listener of listeners) listener();
}

function put(bulk: Bulk): void {
  set(
    bulks.some(({ id }) => id === bulk.id) ? bulks.map((old) => (old.id === bulk.id ? bulk : old)) : [...bulks, bulk],
  );
}

/** Forgets what became of it. */
export function dismiss(id: number): void {
  set(bulks.filter((bulk) => bulk.id !== id));
}

/** Says of which links something was not done, and why. */
export function report(failed: Failed[]): void {
  last += 1;
  put({ id: last, done: failed.length, total: failed.length, isOver: true, failed, stop: () => {} });
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useBulks = () => useSyncExternalStore(subscribe, () => bulks);

/**
 * Sends so many links at a time, and goes on where a request fails: what was not done is told with the reason, and can be tried again.
 * Whoever stops it stops it before the next request.
 */
export async function inChunks(
  links: Link[],
  send: Send,
  again: (failed: Link[], confirmPrinted: boolean) => void,
  confirmPrinted = false,
): Promise<Outcome> {
  last += 1;
  let isStopped = false;
  const stop = () => {
    isStopped = true;
  };
  const bulk: Bulk = { id: last, done: 0, total: links.length, isOver: false, failed: [], stop };
  const changes: string[] = [];
  const rest: Link[] = [];
  const failed: Failed[] = [];
  let isPrinted = false;
  const fail = (link: Link | undefined, reason: string) => {
    if (!link) return;
    rest.push(link);
    failed.push({ id: link.id, name: shown(link), reason });
  };
  if (links.length > CHUNK) put(bulk);
  for (let place = 0; place < links.length; place += CHUNK) {
    const chunk = links.slice(place, place + CHUNK);
    if (isStopped) {
      for (const link of chunk) fail(link, t("links.stopped"));
      continue;
    }
    try {
      const answer = await send(chunk, confirmPrinted);
      if (answer.change_id) changes.push(answer.change_id);
      for (const [index, result] of answer.results.entries()) {
        if (result.status !== "failed") continue;
        fail(chunk[index], result.problem.detail);
        isPrinted ||= result.problem.code === "printed";
      }
    } catch (error) {
      const problem = problemOf(error);
      for (const link of chunk) fail(link, problem.status === 0 ? t("common.noAnswer") : problem.message);
    }
    if (links.length > CHUNK) put({ ...bulk, done: Math.min(place + CHUNK, links.length) });
  }
  if (failed.length === 0) dismiss(bulk.id);
  else {
    const retry = () => {
      dismiss(bulk.id);
      again(rest, isPrinted);
    };
    put({ ...bulk, done: links.length, isOver: true, failed, retry, isPrinted });
  }
  return { changes: failed.length < links.length ? changes : [], done: links.length - failed.length };
}
