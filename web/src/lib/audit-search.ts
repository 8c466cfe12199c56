import * as v from "valibot";

/** The filters of the audit log, by the names that `/v1` has for them. */
export const AuditSearch = v.object({
  actor: v.optional(v.string()),
  action: v.optional(v.pipe(v.string(), v.maxLength(64))),
  target: v.optional(v.pipe(v.string(), v.maxLength(64))),
  from: v.optional(v.string()),
  until: v.optional(v.string()),
});
export type AuditSearch = v.InferOutput<typeof AuditSearch>;
