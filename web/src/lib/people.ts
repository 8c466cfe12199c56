import { useQuery } from "@tanstack/react-query";
import { api, body } from "../api/client";
import { t } from "../i18n";
import "../i18n/late";
import { useWorkspace } from "./workspace";

/** What whoever did something is called: a person of this workspace by name, and what is no person as such. */
export function useAuthorName(author: string): string {
  const workspace_id = useWorkspace().id;
  const members = useQuery({
    queryKey: ["people", workspace_id, "members"],
    queryFn: () =>
      body(
        api.GET("/v1/workspaces/{workspace_id}/members", { params: { path: { workspace_id }, query: { limit: 100 } } }),
      ),
  });
  if (author.startsWith("key_")) return t("approvals.aKey");
  if (!author.startsWith("usr_")) return t("approvals.aProgram");
  const member = members.data?.data.find((one) => one.user_id === author);
  return member?.name || member?.email || author;
}
