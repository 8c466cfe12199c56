import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { api, body, newKey } from "../../api/client";
import { type Problem, problemOf } from "../../api/problem";
import type { Link } from "../../api/types";
import { copyText } from "../../design/Copy";
import { t } from "../../i18n";
import { changes, keepDraft, useDraft } from "../../lib/draft";
import { useTitle } from "../../lib/title";
import { say } from "../../lib/toasts";
import { useWorkspace } from "../../lib/workspace";
import { EditorFrame } from "./EditorFrame";
import { draftOf, EMPTY, formOf } from "./form";
import { LinkForm } from "./LinkForm";
import { Preview } from "./Preview";
import { TryAs, useTried } from "./TryAs";

export default function NewLinkPage() {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { destination } = useSearch({ from: "/signed-in/w/$workspace/links/new" });
  const draft = useDraft(`new.${workspace.id}`, EMPTY);
  const { wins, checks, onResolution } = useTried(draft.value.rules);
  // biome-ignore lint/correctness/useExhaustiveDependencies: an address is taken over once
  useEffect(() => {
    if (!destination) return;
    // What was written before is another link, to which Undo goes back.
    if (draft.value.destination_url !== destination) draft.set({ ...EMPTY, destination_url: destination });
    void navigate({ to: ".", search: {}, replace: true });
  }, [destination]);
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  // One key for one link, however often the button is pressed; another once something else is asked for.
  const key = useRef({ body: "", key: "" });
  useTitle(t("links.new"), workspace.name);

  const save = async () => {
    const sent = draft.value;
    const link = draftOf(sent);
    const text = JSON.stringify(link);
    if (key.current.body !== text) key.current = { body: text, key: newKey() };
    setBusy(true);
    setProblem(undefined);
    try {
      const params = { path: { workspace_id: workspace.id } };
      const headers = { "idempotency-key": key.current.key };
      const made = await body(api.POST("/v1/workspaces/{workspace_id}/links", { params, body: link, headers }));
      const copied = await copyText(made.short_url);
      const rest = changes(sent, draft.latest());
      draft.rebase(EMPTY, EMPTY);
      void refetch();
      const text = copied
        ? t("editor.madeCopied", { link: made.short_url })
        : t("editor.made", { link: made.short_url });
      say(text, () => void undo(made));
      if (Object.keys(rest).length === 0)
        return await navigate({ to: "/w/$workspace/links", params: { workspace: workspace.slug } });
      // Whoever has typed on meanwhile goes on with the link that is there now.
      keepDraft(`link.${made.id}`, formOf(made), { ...formOf(made), ...rest });
      await navigate({ to: "/w/$workspace/links/$link/edit", params: { workspace: workspace.slug, link: made.id } });
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  };

  const refetch = async () => {
    for (const name of ["links", "links-count", "home"])
      await queries.invalidateQueries({ queryKey: [name, workspace.id] });
  };
  /** Deletes what was just made, unless somebody has changed it since. */
  const undo = async ({ id, version }: Link) => {
    try {
      const path = { workspace_id: workspace.id, link_id: id };
      const params = { path, header: { "If-Match": `"${version}"` } };
      await body(api.DELETE("/v1/workspaces/{workspace_id}/links/{link_id}", { params }));
      say(t("links.undone"));
    } catch (error) {
      say(problemOf(error).message);
    }
    await refetch();
  };

  return (
    <EditorFrame
      title={t("links.new")}
      draft={draft}
      problem={problem}
      busy={busy}
      canSave={draft.value.destination_url.trim() !== ""}
      onSave={() => void save()}
      side={
        <div className="stack side-column">
          <Preview form={draft.value} />
          {draft.value.rules.length > 0 && <TryAs draft={draftOf(draft.value)} onResolution={onResolution} />}
        </div>
      }
    >
      <LinkForm
        draft={draft}
        errors={problem?.fields ?? new Map()}
        hasPassword={false}
        isNew
        wins={wins}
        checks={checks}
      />
    </EditorFrame>
  );
}
