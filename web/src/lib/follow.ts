import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { readEvents } from "./event-stream";
import { whileSeen } from "./seen";
import { lookForServer } from "./server";

/** Which data an event of this kind makes old: the first parts of their keys, behind which the workspace comes. */
const STALE: Record<string, string[]> = {
  link: ["links", "links-count", "link-detail", "history", "bin"],
  link_comment: ["comments"],
  link_change: ["change-requests"],
  freeze_window: ["freeze-windows"],
  domain: ["domains", "home"],
  tag: ["tags", "home", "links"],
  folder: ["folders", "home"],
  member: ["people", "home"],
  invitation: ["people"],
  api_key: ["keys", "home"],
  utm_template: ["templates"],
  view: ["views"],
  share: ["shares"],
};
/** How long events are gathered before anything is asked again, in milliseconds. */
const GATHERED = 300;
const RETRY_FIRST = 1_000;
const RETRY_MAX = 60_000;

/** Follows what others change in a workspace, while the page is seen, and has the pages ask again for just that. */
export function useFollowing(workspace: string | undefined, may: boolean): void {
  const queries = useQueryClient();
  useEffect(() => {
    if (!workspace || !may) return;
    let position = "";
    const touched = new Set<string>();
    let timer = 0;
    const refetch = () => {
      timer = 0;
      const names = [...touched].flatMap((kind) => STALE[kind] ?? []);
      touched.clear();
      for (const name of new Set(names)) void queries.invalidateQueries({ queryKey: [name, workspace] });
    };
    const onEvent = (type: string) => {
      touched.add(type.split(".")[0] ?? "");
      timer ||= window.setTimeout(refetch, GATHERED);
    };
    const follow = async (signal: AbortSignal) => {
      for (let wait = RETRY_FIRST; !signal.aborted; wait = Math.min(wait * 2, RETRY_MAX)) {
        const headers = { accept: "text/event-stream", ...(position ? { "last-event-id": position } : {}) };
        try {
          const response = await fetch(`/v1/workspaces/${workspace}/events`, { headers, signal });
          if ([401, 403, 404].includes(response.status)) return;
          if (response.status === 410) position = "";
          if (response.ok) {
            wait = RETRY_FIRST;
            // A first stream, and one whose position is gone, do not tell what came before them.
            if (!position) onEvent("link.");
            await readEvents(response, ({ event, id }) => {
              if (id) position = id;
              if (event) onEvent(event);
            });
          }
        } catch {
          // The connection ended; it is tried again.
        }
        // Whoever ends a stream may be going away, or coming back as another version.
        if (!signal.aborted) void lookForServer();
        if (!signal.aborted) await new Promise((resolve) => window.setTimeout(resolve, wait));
      }
    };
    const unfollow = whileSeen((signal) => void follow(signal));
    return () => {
      window.clearTimeout(timer);
      unfollow();
    };
  }, [workspace, may, queries]);
}
