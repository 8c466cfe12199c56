import { type InfiniteData, useQueryClient } from "@tanstack/react-query";
import { problemOf } from "../../api/problem";
import type { Link, LinkPatch, Utm } from "../../api/types";
import { t } from "../../i18n";
import { say } from "../../lib/toasts";
import { useWorkspace } from "../../lib/workspace";
import { inChunks, type Send } from "./bulk";
import { changeLinks, deleteLinks, undoChanges } from "./requests";

type Pages = InfiniteData<{ data: Link[]; next_cursor?: string | null }>;

/** What can be done with links: it shows at once, goes back with the reason where the server refuses, and can be undone. */
export function useLinkActions() {
  const queries = useQueryClient();
  const workspace = useWorkspace().id;
  const key = ["links", workspace];

  const refetch = () =>
    Promise.all([
      queries.invalidateQueries({ queryKey: key }),
      queries.invalidateQueries({ queryKey: ["links-count", workspace] }),
    ]);
  const undo = async (changes: string[]) => {
    try {
      await undoChanges(workspace, changes);
      say(t("links.undone"));
    } catch (error) {
      say(problemOf(error).message);
    }
    await refetch();
  };
  const show = (change: (link: Link) => Link | undefined) => {
    // A list that is on its way was read before, and would take the change back for a moment.
    void queries.cancelQueries({ queryKey: key });
    queries.setQueriesData<Pages>({ queryKey: key }, (old) => {
      if (!old) return old;
      const pages = old.pages.map((page) => ({ ...page, data: page.data.flatMap((link) => change(link) ?? []) }));
      return { ...old, pages };
    });
  };
  const patching =
    (changesOf: (link: Link) => LinkPatch): Send =>
    (chunk, confirm_printed) =>
      changeLinks(
        workspace,
        chunk.map((link) => ({ id: link.id, changes: { ...changesOf(link), confirm_printed } })),
      );
  const run = async (links: Link[], textOf: (count: number) => string, send: Send, isConfirmed = false) => {
    const again = (failed: Link[], confirm: boolean) => void run(failed, textOf, send, confirm);
    const { changes, done } = await inChunks(links, send, again, isConfirmed);
    if (changes.length > 0) say(textOf(done), () => void undo(changes));
    await refetch();
  };

  const archive = (links: Link[], archived: boolean) => {
    const ids = new Set(links.map((link) => link.id));
    show((link) => (ids.has(link.id) ? { ...link, archived } : link));
    return run(
      links,
      (count) => (archived ? t("links.archived", { count }) : t("links.unarchived", { count })),
      patching(() => ({ archived })),
    );
  };
  const tag = (links: Link[], add: string[], remove: string[]) => {
    const tagsOf = (link: Link) => [...new Set([...link.tags.filter((name) => !remove.includes(name)), ...add])];
    const ids = new Set(links.map((link) => link.id));
    show((link) => (ids.has(link.id) ? { ...link, tags: tagsOf(link) } : link));
    return run(
      links,
      (count) => t("links.tagged", { count }),
      patching((link) => ({ tags: tagsOf(link) })),
    );
  };
  const move = (links: Link[], folder_id: string | null) => {
    const ids = new Set(links.map((link) => link.id));
    show((link) => (ids.has(link.id) ? { ...link, folder_id } : link));
    return run(
      links,
      (count) => t("links.moved", { count }),
      patching(() => ({ folder_id })),
    );
  };
  const campaign = (links: Link[], utm: Utm) =>
    run(
      links,
      (count) => t("links.campaigned", { count }),
      patching(() => ({ utm })),
    );
  const remove = (links: Link[]) => {
    const ids = new Set(links.map((link) => link.id));
    show((link) => (ids.has(link.id) ? undefined : link));
    return run(
      links,
      (count) => t("links.deleted", { count }),
      (chunk, confirmPrinted) => deleteLinks(workspace, chunk, confirmPrinted),
    );
  };
  return { archive, tag, move, campaign, remove };
}
