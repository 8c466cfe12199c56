import { useBlocker } from "@tanstack/react-router";
import { Redo2, Undo2 } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import type { Problem } from "../../api/problem";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { t } from "../../i18n";
import type { Draft } from "../../lib/draft";
import { useShortcuts } from "../../lib/shortcuts";
import type { Form } from "./form";

interface Properties {
  title: string;
  draft: Draft<Form>;
  problem: Problem | undefined;
  busy: boolean;
  canSave: boolean;
  onSave: () => void;
  warning?: string | undefined;
  side: ReactNode;
  children: ReactNode;
}

/** What both editors have: heading, form beside preview, and the bar that saves. */
export function EditorFrame({ title, draft, problem, busy, canSave, onSave, warning, side, children }: Properties) {
  const form = useRef<HTMLFormElement>(null);
  const blocker = useBlocker({
    // What is saved already, or being saved, keeps nobody.
    shouldBlockFn: ({ current, next }) =>
      current.pathname !== next.pathname && draft.dirty > 0 && !busy && !saved.current,
    withResolver: true,
    enableBeforeUnload: false,
  });
  const saved = useRef(false);
  saved.current = busy;
  const savedFrom = useRef<Element>(null);
  const save = () => {
    if (!canSave || busy) return;
    savedFrom.current = document.activeElement;
    onSave();
  };
  useShortcuts({
    "mod+enter": save,
    "mod+s": save,
    "mod+z": draft.undo,
    "mod+shift+z": draft.redo,
  });
  useEffect(() => {
    // Whoever went on to another field meanwhile stays there.
    const isWhereItWas = [savedFrom.current, document.body].includes(document.activeElement);
    if (isWhereItWas && (problem?.status === 422 || problem?.status === 400))
      form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }, [problem]);
  const count = problem?.fields.size ?? 0;
  return (
    <>
      <div className="page-head">
        <h1 className="cut">{title}</h1>
        <div className="row">
          <Button
            icon={<Undo2 aria-hidden="true" />}
            label={t("common.undo")}
            disabled={!draft.canUndo}
            onClick={draft.undo}
          />
          <Button
            icon={<Redo2 aria-hidden="true" />}
            label={t("common.redo")}
            disabled={!draft.canRedo}
            onClick={draft.redo}
          />
        </div>
      </div>
      {draft.restored && draft.dirty > 0 && (
        <div className="note row apart" role="status">
          <span>{t("editor.restored")}</span>
          <Button onClick={draft.discard}>{t("editor.discard")}</Button>
        </div>
      )}
      <form
        ref={form}
        className="editor"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <div className="stack">{children}</div>
        {side}
        <div className="save-bar">
          <span className="small grow" role="status">
            {problem
              ? count > 0
                ? t("editor.wrong", { count })
                : problem.status === 0
                  ? t("common.noAnswer")
                  : problem.message
              : (warning ?? (draft.dirty > 0 ? t("editor.changes", { count: draft.dirty }) : ""))}
          </span>
          {draft.dirty > 0 && <Button onClick={draft.discard}>{t("editor.discard")}</Button>}
          <Button look="main" type="submit" keys="Ctrl ↵" disabled={busy || !canSave}>
            {t("common.save")}
          </Button>
        </div>
      </form>
      <Dialog open={blocker.status === "blocked"} onClose={() => blocker.reset?.()} title={t("editor.leaveTitle")}>
        <p>{t("editor.leaveText")}</p>
        <div className="row">
          <Button look="main" onClick={() => blocker.reset?.()}>
            {t("editor.stay")}
          </Button>
          <Button onClick={() => blocker.proceed?.()}>{t("editor.leave")}</Button>
        </div>
      </Dialog>
    </>
  );
}
