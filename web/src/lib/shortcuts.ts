import { useEffect, useRef } from "react";
import { preferences } from "./preferences";

/** Keys as `c`, `shift+x`, `mod+enter` or `g l`; `mod` is Ctrl, or ⌘ on a Mac. */
export type Shortcuts = Record<string, (event: KeyboardEvent) => void>;

const LATIN = /^[a-z0-9/?]$/;

/** The key as an English keyboard has it: where a layout is not Latin, its place decides. */
export function keyOf(event: Pick<KeyboardEvent, "key" | "code" | "shiftKey">): string {
  const key = event.key.toLowerCase();
  if (key.length > 1 || LATIN.test(key)) return key;
  if (event.code.startsWith("Key")) return event.code.slice(3).toLowerCase();
  if (event.code.startsWith("Digit")) return event.code.slice(5);
  if (event.code === "Slash") return event.shiftKey ? "?" : "/";
  return key;
}

export function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

const inPopup = (target: EventTarget | null) =>
  target instanceof Element && target.closest("dialog,[role=menu]") !== null;

/** Acts on keys while the component is there. Single keys never act in a field or in a popup, or where they are switched off. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    let before = "";
    let timer = 0;
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || event.altKey) return;
      const key = keyOf(event);
      const mod = event.ctrlKey || event.metaKey;
      // The space bar presses the button that has the focus.
      if (key === " " && event.target instanceof Element && event.target.closest("button,a,summary")) return;
      if (!mod && (isField(event.target) || inPopup(event.target) || !preferences().singleKeys)) return;
      const name = mod
        ? `mod+${event.shiftKey ? "shift+" : ""}${key}`
        : event.shiftKey && key.length === 1 && key !== "?"
          ? `shift+${key}`
          : key;
      const found = (before && latest.current[`${before} ${name}`]) || latest.current[name];
      window.clearTimeout(timer);
      before = !mod && name === "g" ? "g" : "";
      if (before)
        timer = window.setTimeout(() => {
          before = "";
        }, 1500);
      if (!found) return;
      event.preventDefault();
      found(event);
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}
