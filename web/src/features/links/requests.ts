import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, body } from "../../api/client";
import type { BulkEditFilter, BulkPatch, BulkResults, Link } from "../../api/types";
import type { LinksSearch } from "../../lib/links-search";

/** The filters that are there. */
type Given = { [Name in keyof LinksSearch]: NonNullable<LinksSearch[Name]> };

const PAGE = 100;
export const linksQuery = (workspace: string, filters: LinksSearch) =>
  infiniteQueryOptions({
    queryKey: ["links", workspace, filters],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => {
      const given = Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined)) as Given;
      const query = { ...given, limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) };
      return body(
        api.GET("/v1/workspaces/{workspace_id}/links", { params: { path: { workspace_id: workspace }, query } }),
      );
    },
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

/** The clicks of a page of links, day by day. */
export const sparklinesQuery = (workspace: string, links: string[], zone: string) =>
  queryOptions({
    queryKey: ["sparklines", workspace, zone, links],
    staleTime: 60_000,
    refetchOnWindowFocus: false,
    placeholderData: keepPreviousData,
    queryFn: async () => {
      const params = { path: { workspace_id: workspace }, query: { link: links, time_zone: zone } };
      const answer = await body(api.GET("/v1/workspaces/{workspace_id}/analytics/sparklines", { params }));
      return new Map(answer.data.map((line) => [line.link_id, line.clicks]));
    },
  });

/** How many links the filters find. */
export const countQuery = (workspace: string, filters: LinksSearch) =>
  queryOptions({
    queryKey: ["links-count", workspace, filters],
    queryFn: () => {
      const params = { path: { workspace_id: workspace }, query: filterOf(filters) };
      return body(api.GET("/v1/workspaces/{workspace_id}/links/count", { params }));
    },
  });

/** The filters without the order. */
export function filterOf(filters: LinksSearch): BulkEditFilter {
  const given = Object.entries(filters).filter(([name, value]) => name !== "sort" && value !== undefined);
  return Object.fromEntries(given) as BulkEditFilter;
}

/** Changes at most 500 links. */
export function changeLinks(workspace: string, links: BulkPatch[]): Promise<BulkResults> {
  const path = { workspace_id: workspace };
  return body(api.PATCH("/v1/workspaces/{workspace_id}/links/bulk", { params: { path }, body: { links } }));
}

/** Deletes at most 500 links. */
export function deleteLinks(workspace: string, links: Link[], confirm_printed: boolean): Promise<BulkResults> {
  const params = { path: { workspace_id: workspace } };
  const ids = links.map((link) => link.id);
  return body(api.POST("/v1/workspaces/{workspace_id}/links/bulk/delete", { params, body: { ids, confirm_printed } }));
}

/** Undoes changes, the last one first. Whoever undoes what was just done to a printed link knows that it is printed. */
export async function undoChanges(workspace: string, changes: string[]): Promise<void> {
  for (const change_id of [...changes].reverse()) {
    const params = { path: { workspace_id: workspace } };
    await body(
      api.POST("/v1/workspaces/{workspace_id}/links/undo", { params, body: { change_id, confirm_printed: true } }),
    );
  }
}
