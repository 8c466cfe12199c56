import { useSyncExternalStore } from "react";
import { t } from "../i18n";

interface Toast {
  id: number;
  text: string;
  undo?: (() => void) | undefined;
}

const SHOWN_FOR = 10_000;
let toasts: Toast[] = [];
let last = 0;
const listeners = new Set<() => void>();

function change(next: Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

/** Says what happened, for ten seconds, and offers to undo it. */
export function say(text: string, undo?: () => void): void {
  last += 1;
  const id = last;
  change([...toasts.slice(-2), { id, text, undo }]);
  window.setTimeout(() => change(toasts.filter((toast) => toast.id !== id)), SHOWN_FOR);
}

/** Undoes what was said last, where that can be. */
export function undoLast(): boolean {
  const found = toasts.findLast((toast) => toast.undo);
  if (!found?.undo) return false;
  change(toasts.filter((toast) => toast !== found));
  found.undo();
  return true;
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className="toasts" role="status">
      {shown.map((toast) => (
        <div className="toast" key={toast.id}>
          <span>{toast.text}</span>
          {toast.undo && (
            <button type="button" onClick={undoLast}>
              {t("common.undo")}
            </button>
          )}
        </div>
      ))}
    </div>
  );
}
