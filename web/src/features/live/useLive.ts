import { useEffect, useState } from "react";
import { api, body } from "../../api/client";
import { type Problem, problemOf } from "../../api/problem";
import type { Click, Live } from "../../api/types";
import { readEvents } from "../../lib/event-stream";
import { pause, whileSeen } from "../../lib/seen";
import { lookForServer } from "../../lib/server";

/** How clicks come now: `away` is not at all, and what there was stays. */
export type Way = "opening" | "stream" | "asking" | "away";

export interface Shown extends Live {
  way: Way;
  problem: Problem | undefined;
}

/** Clicks that are kept. */
const CLICKS_MAX = 100;
/** How often it is asked while there is no stream, in milliseconds. */
const ASKED_EVERY = 2_000;
const RETRY_FIRST = 1_000;
const RETRY_MAX = 30_000;
/** After how long without a sign of life a stream is given up; the server gives one every ten seconds. */
const SILENCE_MAX = 25_000;
/** How long a stream may take until it says something: whoever holds it back on the way holds back all of it. */
const FIRST_MESSAGE_MAX = 8_000;

const NO_CLICKS = { bots: 0, previews: 0, prefetches: 0, heads: 0, opted_out: 0 };
const NOTHING: Shown = { minutes: [], left_out: NO_CLICKS, clicks: [], way: "opening", problem: undefined };

/** Clicks as they come, newest first: by a stream, or asked for again and again while none can be had. */
export function useLive(workspace: string, which: string): Shown {
  const [shown, setShown] = useState(NOTHING);
  useEffect(() => {
    setShown(NOTHING);
    return whileSeen((signal) => {
      const tell = (change: (old: Shown) => Shown) => {
        if (!signal.aborted) setShown(change);
      };
      void follow({ workspace, which }, signal, tell);
    });
  }, [workspace, which]);
  return shown;
}

/** Whose clicks, and which of them as a query of `/v1`. */
interface Source {
  workspace: string;
  which: string;
}

type Tell = (change: (old: Shown) => Shown) => void;

async function follow(source: Source, signal: AbortSignal, tell: Tell): Promise<void> {
  for (let wait = RETRY_FIRST; !signal.aborted; wait = Math.min(wait * 2, RETRY_MAX)) {
    const hasTold = await stream(source, signal, tell);
    if (signal.aborted) return;
    if (hasTold) wait = RETRY_FIRST;
    // Whoever ends a stream may be going away, or coming back as another version.
    void lookForServer();
    if (!(await askMeanwhile(source, wait, signal, tell))) return;
  }
}

/** Follows the stream until it ends. Whether it has told anything. */
async function stream({ workspace, which }: Source, signal: AbortSignal, tell: Tell): Promise<boolean> {
  const silence = new AbortController();
  let timer = 0;
  const expectLifeWithin = (milliseconds: number) => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => silence.abort(), milliseconds);
  };
  let hasTold = false;
  expectLifeWithin(FIRST_MESSAGE_MAX);
  try {
    const headers = { accept: "text/event-stream" };
    const response = await fetch(`/v1/workspaces/${workspace}/analytics/live?${which}`, {
      headers,
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (!response.ok) return false;
    await readEvents(
      response,
      ({ event, data }) => {
        if (event !== "live") return;
        hasTold = true;
        expectLifeWithin(SILENCE_MAX);
        const live = JSON.parse(data) as Live;
        tell((old) => joined(old, live, "stream"));
      },
      () => hasTold && expectLifeWithin(SILENCE_MAX),
    );
  } catch {
    // It is asked instead, which says what is wrong.
  } finally {
    window.clearTimeout(timer);
  }
  return hasTold;
}

/** Asks until it is time to try the stream again. Whether that makes sense. */
async function askMeanwhile(source: Source, wait: number, signal: AbortSignal, tell: Tell): Promise<boolean> {
  for (const end = Date.now() + wait; !signal.aborted; await pause(Math.min(wait, ASKED_EVERY), signal)) {
    try {
      const live = await ask(source, signal);
      tell((old) => joined(old, live, "asking"));
    } catch (error) {
      const problem = problemOf(error);
      tell((old) => ({ ...old, way: "away", problem }));
      // Who signs in again goes on from here; a question that is wrong stays so.
      if ([400, 403, 404].includes(problem.status)) return false;
    }
    if (Date.now() >= end) break;
  }
  return true;
}

async function ask({ workspace, which }: Source, signal: AbortSignal): Promise<Live> {
  const answer = await body(
    api.GET("/v1/workspaces/{workspace_id}/analytics/live", {
      params: { path: { workspace_id: workspace } },
      querySerializer: () => which,
      signal,
    }),
  );
  // A stream, as which it may come too, has to be asked for by its media type.
  return answer as Live;
}

/** What is known with what is new. Whoever comes back is told again of clicks that are known. */
export function joined(old: Shown, { minutes, left_out, clicks }: Live, way: Way): Shown {
  const start = minutes[0] ? Date.parse(minutes[0].start) : 0;
  const told = new Set(clicks.map((click) => click.id));
  const all: Click[] = [...clicks, ...old.clicks.filter((click) => !told.has(click.id))];
  const kept = all.filter((click) => Date.parse(click.at) >= start);
  kept.sort((one, other) => Date.parse(other.at) - Date.parse(one.at));
  return { minutes, left_out, clicks: kept.slice(0, CLICKS_MAX), way, problem: undefined };
}
