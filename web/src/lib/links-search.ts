import * as v from "valibot";

export const SORTS = ["-created_at", "created_at", "-updated_at", "updated_at"] as const;

/** The filters of the list of links, by the names that `/v1` has for them. */
export const LinksSearch = v.object({
  search: v.optional(v.pipe(v.string(), v.maxLength(200))),
  domain: v.optional(v.string()),
  tag: v.optional(v.string()),
  folder: v.optional(v.string()),
  archived: v.optional(v.boolean()),
  sort: v.optional(v.picklist(SORTS)),
});
export type LinksSearch = v.InferOutput<typeof LinksSearch>;
