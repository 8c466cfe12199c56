import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { BulkEdit, BulkEditFilter, BulkEditPreview } from "../../api/types";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Check, Choice, Field } from "../../design/Field";
import { t } from "../../i18n";
import { myZone } from "../../lib/preferences";
import { useSubmit } from "../../lib/submit";
import { TemplateChoice } from "../../lib/TemplateChoice";
import { instantOf } from "../../lib/time";
import { say } from "../../lib/toasts";
import { UtmFields } from "../../lib/UtmFields";
import { useHome, useWorkspace } from "../../lib/workspace";
import { written } from "../../lib/written";
import { Progress } from "./BulkReports";
import { report } from "./bulk";
import { CHANGES, type Change, changesOf, look, make, type Wanted } from "./bulkEdit";
import { undoChanges } from "./requests";

/** How many links one undoing reaches. */
const UNDONE_MAX = 1000;

interface Properties {
  filter: BulkEditFilter;
  onClose: () => void;
}

/** One edit of all links that the filters find: looked at first, then made of just those. */
export default function MatchingDialog({ filter, onClose }: Properties) {
  const workspace = useWorkspace().id;
  const queries = useQueryClient();
  const [wanted, setWanted] = useState<Wanted>({
    change: "archive",
    tags: "",
    folder: "",
    expires: "",
    find: "",
    replaceWith: "",
    utm: {},
  });
  const [seen, setSeen] = useState<BulkEditPreview>();
  const [progress, setProgress] = useState<BulkEdit>();
  const [isConfirmed, setConfirmed] = useState(false);
  const latest = useRef(wanted);
  latest.current = wanted;
  const set = (change: Partial<Wanted>) => {
    setSeen(undefined);
    setWanted((old) => ({ ...old, ...change }));
  };
  const refetch = async () => {
    await queries.invalidateQueries({ queryKey: ["links", workspace] });
    await queries.invalidateQueries({ queryKey: ["links-count", workspace] });
  };
  const tell = (edit: BulkEdit) => {
    const isDeleted = wanted.change === "delete";
    // What was brought back is no longer deleted, so that the next time takes the next thousand.
    const times = isDeleted ? Math.ceil(edit.total / UNDONE_MAX) : 1;
    const undo = () =>
      void undoChanges(workspace, Array<string>(times).fill(edit.change_id))
        .then(() => say(t("links.undone")))
        .finally(() => void refetch());
    const text = isDeleted ? t("links.deleted", { count: edit.changed }) : t("matching.done", { count: edit.changed });
    say(text, isDeleted || edit.total <= UNDONE_MAX ? undo : undefined);
    if (edit.failed > 0)
      report(edit.failures.map(({ link_id, detail }) => ({ id: link_id, name: link_id, reason: detail })));
  };
  const { submit, busy, problem } = useSubmit(async () => {
    const changes = { ...changesOf(wanted), confirm_printed: isConfirmed };
    if (!seen) {
      const preview = await look(workspace, filter, changes);
      // Somebody who has chosen something else meanwhile has to see what that does.
      if (latest.current === wanted) setSeen(preview);
      return;
    }
    const edit = await make(workspace, filter, changes, seen.token, setProgress);
    // What can be undone for some seconds must not wait behind the dialog until the list is there again.
    onClose();
    tell(edit);
    await refetch();
  });
  return (
    <Dialog open onClose={busy ? undefined : onClose} title={t("matching.title")} wide>
      <form className="stack" onSubmit={submit}>
        <Choice
          label={t("matching.change")}
          value={wanted.change}
          onValue={(change) => set({ change: change as Change })}
          options={CHANGES.map((change) => [change, t(`matching.${change}`)])}
        />
        <Value wanted={wanted} set={set} />
        {problem && (
          <p className="note" data-look="bad" role="alert">
            {[...problem.fields.values()][0] ?? problem.message}
          </p>
        )}
        <div role="status">{seen && <Seen preview={seen} />}</div>
        {(isConfirmed || (seen?.refused ?? 0) > 0) && (
          <Check
            label={t("links.printed")}
            checked={isConfirmed}
            onChecked={(checked) => {
              setSeen(undefined);
              setConfirmed(checked);
            }}
          />
        )}
        {progress && <Progress done={progress.changed + progress.unchanged + progress.failed} total={progress.total} />}
        <div className="row">
          <Button
            look={seen && wanted.change === "delete" ? "bad" : "main"}
            type="submit"
            disabled={busy || seen?.links === 0}
          >
            {!seen
              ? t("matching.look")
              : wanted.change === "delete"
                ? t("links.delete", { count: seen.links })
                : t("matching.make", { count: seen.links })}
          </Button>
          <Button onClick={onClose} disabled={busy}>
            {t("common.cancel")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface ValueProperties {
  wanted: Wanted;
  set: (change: Partial<Wanted>) => void;
}

function Value({ wanted, set }: ValueProperties) {
  const folders = useHome()?.folders.body?.data ?? [];
  switch (wanted.change) {
    case "addTags":
    case "removeTags":
      return (
        <Field
          label={t("links.tags")}
          hint={t("links.newTagsHint")}
          value={wanted.tags}
          onValue={(tags) => set({ tags })}
          required
        />
      );
    case "folder":
      return (
        <Choice
          label={t("links.folder")}
          value={wanted.folder}
          onValue={(folder) => set({ folder })}
          options={[["", t("links.noFolder")], ...folders.map(({ id, name }): [string, string] => [id, name])]}
        />
      );
    case "campaign":
      return (
        <>
          <TemplateChoice onChoose={(utm) => set({ utm })} />
          <UtmFields utm={wanted.utm} onUtm={(utm) => set({ utm })} errorOf={() => undefined} />
        </>
      );
    case "expires":
      return <Expiry wanted={wanted} set={set} />;
    case "replace":
      return (
        <div className="two">
          <Field label={t("matching.find")} value={wanted.find} onValue={(find) => set({ find })} required mono />
          <Field
            label={t("matching.with")}
            value={wanted.replaceWith}
            onValue={(replaceWith) => set({ replaceWith })}
            mono
          />
        </div>
      );
    default:
      return null;
  }
}

function Expiry({ set }: ValueProperties) {
  const zone = myZone();
  const [local, setLocal] = useState("");
  return (
    <Field
      label={t("editor.expiresAt")}
      type="datetime-local"
      value={local}
      hint={local ? zone : t("matching.noEnd")}
      onValue={(text) => {
        setLocal(text);
        set({ expires: instantOf(text, zone) });
      }}
    />
  );
}

/** What would be: how many links, and some of them before and after. */
function Seen({ preview }: { preview: BulkEditPreview }) {
  return (
    <div className="stack-s">
      <strong>{t("matching.found", { count: preview.links })}</strong>
      <ul className="sample small">
        {preview.sample.slice(0, 8).map((link) => (
          <li key={link.link_id}>
            <span className="mono">{link.slug}</span>{" "}
            {link.problem ? (
              <span className="bad">{link.problem}</span>
            ) : (
              link.changes.map((change) => (
                <span key={change.field}>
                  {change.field} <del className="muted">{written(change.before)}</del> → {written(change.after)}
                </span>
              ))
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
