import { queryOptions, useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useBoot } from "../api/boot";
import { bff } from "../api/client";
import type { ApiKey, Domain, Folder, Link, Member, Part, Role, Summary, Tag, Workspace } from "../api/types";

/** What several pages know of a workspace. */
export interface Home {
  parts: {
    links: Part<{ data: Link[] }>;
    domains: Part<{ data: Domain[] }>;
    api_keys: Part<{ data: ApiKey[] }>;
    members: Part<{ data: Member[] }>;
    tags: Part<{ data: Tag[] }>;
    folders: Part<{ data: Folder[] }>;
    summary: Part<Summary>;
    membership?: Part<Member>;
  };
}

export const homeQuery = (id: string) =>
  queryOptions({ queryKey: ["home", id], queryFn: () => bff<Home>(`/bff/workspaces/${id}/home`) });

/** Workspaces that pages were shown of. A page stays as it is while its reader signs in again. */
const known = new Map<string, Workspace>();

/** The workspace of this page; pages within one are shown for one that there is alone. */
export function useWorkspace(): Workspace {
  const { workspace = "" } = useParams({ strict: false });
  const current = useBoot()?.workspaces?.find(({ slug }) => slug === workspace);
  if (current) known.set(workspace, current);
  const found = current ?? known.get(workspace);
  if (!found) throw new Error("a page of a workspace outside of one");
  return found;
}

export function useHome(): Home["parts"] | undefined {
  return useQuery(homeQuery(useWorkspace().id)).data?.parts;
}

/** What the person who looks may do here; nothing is forbidden before it is known, because the server decides. */
export function useRole(): Role | undefined {
  return useHome()?.membership?.body?.role;
}

export const mayEdit = (role: Role | undefined) => role !== "viewer" && role !== "billing";
export const mayAdminister = (role: Role | undefined) => role === undefined || role === "owner" || role === "admin";
