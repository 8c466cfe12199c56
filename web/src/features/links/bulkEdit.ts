import { api, body } from "../../api/client";
import type { BulkEdit, BulkEditChanges, BulkEditFilter, BulkEditPreview, Utm } from "../../api/types";
import { whole } from "../../lib/utm";

/** What all links of a filter can be given at once. */
export const CHANGES = [
  "archive",
  "unarchive",
  "addTags",
  "removeTags",
  "folder",
  "expires",
  "campaign",
  "replace",
  "delete",
] as const;
export type Change = (typeof CHANGES)[number];

/** A change as the form has it. */
export interface Wanted {
  change: Change;
  tags: string;
  folder: string;
  /** A moment, or nothing for no end. */
  expires: string;
  find: string;
  replaceWith: string;
  utm: Utm;
}

const named = (tags: string) =>
  tags
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);

/** The change as the API takes it. */
export function changesOf(wanted: Wanted): BulkEditChanges {
  const all: Record<Change, BulkEditChanges> = {
    archive: { archived: true },
    unarchive: { archived: false },
    addTags: { add_tags: named(wanted.tags) },
    removeTags: { remove_tags: named(wanted.tags) },
    folder: { folder_id: wanted.folder || null },
    expires: { expires_at: wanted.expires || null },
    campaign: { utm: whole(wanted.utm) },
    delete: { deleted: true },
    replace: { replace_in_destination: { find: wanted.find, replace_with: wanted.replaceWith } },
  };
  return all[wanted.change];
}

const at = (workspace_id: string) => ({ params: { path: { workspace_id } } });

export async function look(workspace: string, filter: BulkEditFilter, changes: BulkEditChanges) {
  const asked = { filter, changes, dry_run: true };
  const answer = await body(
    api.POST("/v1/workspaces/{workspace_id}/links/bulk-edit", { ...at(workspace), body: asked }),
  );
  return answer as BulkEditPreview;
}

/** Makes what was looked at, and waits until it is done: more than a thousand links go on after the answer. */
export async function make(
  workspace: string,
  filter: BulkEditFilter,
  changes: BulkEditChanges,
  token: string,
  onProgress: (edit: BulkEdit) => void,
): Promise<BulkEdit> {
  const asked = { filter, changes, dry_run: false, token };
  let edit = (await body(
    api.POST("/v1/workspaces/{workspace_id}/links/bulk-edit", { ...at(workspace), body: asked }),
  )) as BulkEdit;
  while (edit.state === "running") {
    onProgress(edit);
    await new Promise((resolve) => window.setTimeout(resolve, 500));
    const path = { workspace_id: workspace, bulk_edit_id: edit.id };
    edit = await body(api.GET("/v1/workspaces/{workspace_id}/bulk-edits/{bulk_edit_id}", { params: { path } }));
  }
  return edit;
}
