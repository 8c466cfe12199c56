import { type InfiniteData, useQueryClient } from "@tanstack/react-query";
import { problemOf } from "../../api/problem";
import type { Link, LinkPatch } from "../../api/types";
import { t } from "../../i18n";
import { say } from "../../lib/toasts";
import { useWorkspace } from "../../lib/workspace";
import { changeLinks, deleteLinks, type Outcome, undoChanges } from "./requests";

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
    queries.setQueriesData<Pages>({ queryKey: key }, (old) => {
      if (!old) return old;
      const pages = old.pages.map((page) => ({ ...page, data: page.data.flatMap((link) => change(link) ?? []) }));
      return { ...old, pages };
    });
  };
  const run = async (text: string, request: Promise<Outcome>) => {
    try {
      const { changes, failed } = await request;
      if (failed.length > 0) say(t("links.someFailed", { count: failed.length, reason: failed[0] ?? "" }));
      if (changes.length > 0) say(text, () => void undo(changes));
    } catch (error) {
      say(problemOf(error).message);
    }
    await refetch();
  };

  const archive = (links: Link[], archived: boolean) => {
    const ids = new Set(links.map((link) => link.id));
    show((link) => (ids.has(link.id) ? { ...link, archived } : link));
    const text = archived
      ? t("links.archived", { count: links.length })
      : t("links.unarchived", { count: links.length });
    return run(
      text,
      changeLinks(
        workspace,
        links.map((link) => ({ id: link.id, changes: { archived } })),
      ),
    );
  };
  const tag = (links: Link[], add: string[], remove: string[]) => {
    const tagsOf = (link: Link) => [...new Set([...link.tags.filter((name) => !remove.includes(name)), ...add])];
    const ids = new Set(links.map((link) => link.id));
    show((link) => (ids.has(link.id) ? { ...link, tags: tagsOf(link) } : link));
    const patches = links.map((link) => ({ id: link.id, changes: { tags: tagsOf(link) } satisfies LinkPatch }));
    return run(t("links.tagged", { count: links.length }), changeLinks(workspace, patches));
  };
  const move = (links: Link[], folder_id: string | null) => {
    const ids = new Set(links.map((link) => link.id));
    show((link) => (ids.has(link.id) ? { ...link, folder_id } : link));
    const patches = links.map((link) => ({ id: link.id, changes: { folder_id } }));
    return run(t("links.moved", { count: links.length }), changeLinks(workspace, patches));
  };
  const remove = (links: Link[]) => {
    const ids = new Set(links.map((link) => link.id));
    show((link) => (ids.has(link.id) ? undefined : link));
    return run(t("links.deleted", { count: links.length }), deleteLinks(workspace, links));
  };
  return { archive, tag, move, remove };
}
