import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link as To, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api, body } from "../../api/client";
import { Problem, problemOf } from "../../api/problem";
import type { Link } from "../../api/types";
import { Failure, Skeleton } from "../../design/Failure";
import { Check } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { changes, useDraft } from "../../lib/draft";
import { FreezeNote } from "../../lib/FreezeNote";
import { useTitle } from "../../lib/title";
import { say } from "../../lib/toasts";
import { useWorkspace } from "../../lib/workspace";
import { AskDialog } from "./AskDialog";
import { Conflict } from "./Conflict";
import { EditorFrame } from "./EditorFrame";
import { draftOf, type Form, formOf, patchOf } from "./form";
import { LinkForm } from "./LinkForm";
import { Preview } from "./Preview";
import { TryAs, useTried } from "./TryAs";

export default function EditLinkPage() {
  const workspace = useWorkspace();
  const { link: id } = useParams({ from: "/signed-in/w/$workspace/links/$link/edit" });
  const path = { workspace_id: workspace.id, link_id: id };
  const query = useQuery({
    queryKey: ["link", workspace.id, id],
    refetchOnWindowFocus: false,
    staleTime: 0,
    gcTime: 0,
    queryFn: () => body(api.GET("/v1/workspaces/{workspace_id}/links/{link_id}", { params: { path } })),
  });
  // What was read once can be edited; whether it is old by now, saving tells.
  if (query.isError && !query.data) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <Skeleton count={6} />;
  return <Editor link={query.data} key={id} />;
}

function warningOf(link: Link): string | undefined {
  if (link.printed_at) return t("editor.printed");
  return link.needs_approval ? t("approvals.needs") : undefined;
}

/** What is wrong with the changes that were asked for, as what is wrong with the link. */
function withoutPrefix(problem: Problem): Problem {
  if (!problem.body) return problem;
  const errors = problem.body.errors?.map((field) => ({
    ...field,
    pointer: field.pointer.replace(/^\/changes(?=\/)/, ""),
  }));
  return new Problem(problem.status, { ...problem.body, ...(errors ? { errors } : {}) });
}

interface Clash {
  base: Form;
  mine: Form;
  theirs: Form;
  link: Link;
}

function Editor({ link: first }: { link: Link }) {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [link, setLink] = useState(first);
  const draft = useDraft(`link.${link.id}`, formOf(first));
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const [clash, setClash] = useState<Clash>();
  const [confirmed, setConfirmed] = useState(false);
  const [asking, setAsking] = useState(false);
  // It outlives its dialog, which closes over what is wrong with the change.
  const [note, setNote] = useState("");
  const { wins, checks, onResolution } = useTried(draft.value.rules);
  const shown = link.short_url.replace(/^https?:\/\//, "");
  useTitle(t("editor.edit", { link: shown }), workspace.name);

  const path = { workspace_id: workspace.id, link_id: link.id };
  const save = async () => {
    const sent = draft.value;
    setBusy(true);
    setProblem(undefined);
    try {
      const params = { path, header: { "If-Match": `"${link.version}"` } };
      const changed = { ...patchOf(draft.patch), ...(confirmed ? { confirm_printed: true } : {}) };
      const after = await body(api.PATCH("/v1/workspaces/{workspace_id}/links/{link_id}", { params, body: changed }));
      const rest = changes(sent, draft.latest());
      draft.rebase(sent, { ...sent, ...rest });
      setLink(after);
      void refetch();
      say(t("editor.saved"), () => void undo(after.version));
      // Whoever has typed on meanwhile is not done yet.
      if (Object.keys(rest).length > 0) return;
      await navigate({ to: "/w/$workspace/links/$link", params: { workspace: workspace.slug, link: link.id } });
    } catch (error) {
      const found = problemOf(error);
      if (found.status === 412) await compare();
      else if (found.code === "approval_required") setAsking(true);
      else setProblem(found);
    } finally {
      setBusy(false);
    }
  };
  /** Asks somebody else for what cannot be saved alone. */
  const ask = async () => {
    setBusy(true);
    try {
      const draftOfRequest = { changes: patchOf(draft.patch), ...(note.trim() ? { note: note.trim() } : {}) };
      const at = { params: { path }, body: draftOfRequest };
      await body(api.POST("/v1/workspaces/{workspace_id}/links/{link_id}/change-requests", at));
      draft.discard();
      void refetch();
      say(t("approvals.asked"));
      await navigate({ to: "/w/$workspace/links/$link", params: { workspace: workspace.slug, link: link.id } });
    } catch (error) {
      setProblem(withoutPrefix(problemOf(error)));
    } finally {
      setAsking(false);
      setBusy(false);
    }
  };
  const refetch = async () => {
    for (const name of ["links", "link-detail", "history", "change-requests"])
      await queries.invalidateQueries({ queryKey: [name, workspace.id] });
  };
  /** Goes back to what was there before, unless somebody has changed it since. */
  const undo = async (version: number) => {
    try {
      const params = { path, header: { "If-Match": `"${version}"` } };
      const wanted = { version: link.version, ...(confirmed ? { confirm_printed: true } : {}) };
      await body(api.POST("/v1/workspaces/{workspace_id}/links/{link_id}/revert", { params, body: wanted }));
      say(t("links.undone"));
    } catch (error) {
      say(problemOf(error).message);
    }
    await refetch();
  };
  const compare = async () => {
    const now = await body(api.GET("/v1/workspaces/{workspace_id}/links/{link_id}", { params: { path } }));
    setClash({ base: draft.base, mine: draft.latest(), theirs: formOf(now), link: now });
  };

  const needsConsent =
    problem?.code.includes("printed") || (link.printed_at != null && "destination_url" in draft.patch);
  return (
    <>
      <EditorFrame
        title={link.title || shown}
        draft={draft}
        problem={problem}
        busy={busy}
        canSave={draft.dirty > 0}
        onSave={() => void save()}
        warning={draft.dirty > 0 ? warningOf(link) : undefined}
        side={
          <div className="stack side-column">
            <Preview
              form={draft.value}
              {...("slug" in draft.patch || "domain" in draft.patch ? {} : { saved: link.short_url })}
            />
            <TryAs
              link={link.id}
              draft={draft.dirty > 0 ? { archived: link.archived, ...draftOf(draft.value) } : undefined}
              onResolution={onResolution}
            />
          </div>
        }
      >
        <FreezeNote folder={link.folder_id ?? null} />
        <p className="small">
          <To to="/w/$workspace/links/$link" params={{ workspace: workspace.slug, link: link.id }}>
            {t("editor.toClicks")}
          </To>
        </p>
        <LinkForm
          draft={draft}
          errors={problem?.fields ?? new Map()}
          own={{ domain: link.domain, slug: link.slug }}
          hasPassword={link.password_protected}
          use={link.budget_use}
          isNew={false}
          wins={wins}
          checks={checks}
        />
        {needsConsent && <Check label={t("editor.printedConsent")} checked={confirmed} onChecked={setConfirmed} />}
      </EditorFrame>
      {asking && (
        <AskDialog note={note} onNote={setNote} onClose={() => setAsking(false)} onAsk={() => void ask()} busy={busy} />
      )}
      {clash && (
        <Conflict
          base={clash.base}
          mine={clash.mine}
          theirs={clash.theirs}
          onClose={() => setClash(undefined)}
          onChoose={(value) => {
            setLink(clash.link);
            draft.rebase(clash.theirs, value);
            setClash(undefined);
          }}
        />
      )}
    </>
  );
}
