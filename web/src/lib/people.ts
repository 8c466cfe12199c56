import { useQuery } from "@tanstack/react-query";
import { api, body } from "../api/client";
import type { Member } from "../api/types";
import { t } from "../i18n";
import "../i18n/late";
import { useWorkspace } from "./workspace";

/** The people of this workspace. */
export function useMembers(): Member[] {
  const workspace_id = useWorkspace().id;
  const members = useQuery({
    queryKey: ["people", workspace_id, "members"],
    queryFn: () =>
      body(
        api.GET("/v1/workspaces/{workspace_id}/members", { params: { path: { workspace_id }, query: { limit: 100 } } }),
      ),
  });
  return members.data?.data ?? [];
}

/** What whoever did something is called: a person of this workspace by name, and what is no person as such. */
export function useAuthorName(author: string): string {
  const member = useMembers().find((one) => one.user_id === author);
  if (author.startsWith("key_")) return t("approvals.aKey");
  if (!author.startsWith("usr_")) return author === "instance" ? t("trail.instance") : t("approvals.aProgram");
  return member?.name || member?.email || author;
}
