import { useCallback, useEffect, useMemo, useRef, useState } from "react";

const PREFIX = "elido.draft.";
const KEPT_FOR = 24 * 60 * 60 * 1000;

interface Kept<Value> {
  at: number;
  base: Value;
  value: Value;
}

/** What differs, as a JSON merge patch of the first level (RFC 7396). */
export function changes<Value extends object>(base: Value, value: Value): Partial<Value> {
  const keys = Object.keys(value) as (keyof Value)[];
  const changed = keys.filter((key) => JSON.stringify(base[key]) !== JSON.stringify(value[key]));
  return Object.fromEntries(changed.map((key) => [key, value[key]])) as Partial<Value>;
}

function kept<Value>(key: string): Kept<Value> | undefined {
  try {
    const found = JSON.parse(localStorage.getItem(PREFIX + key) ?? "null") as Kept<Value> | null;
    if (found && Date.now() - found.at < KEPT_FOR) return found;
  } catch {
    // What cannot be read is no draft.
  }
  return undefined;
}

/**
 * What was written, on top of what is there now, unless that is no longer what it was written over. Fields that only one of two versions of
 * the dashboard knows are left out of it.
 */
export function broughtBack<Value extends object>(
  found: { base: object; value: object },
  initial: Value,
): Value | undefined {
  const base = found.base as Partial<Value>;
  const value = found.value as Partial<Value>;
  const known = (Object.keys(initial) as (keyof Value)[]).filter((name) => name in base && name in value);
  if (known.some((name) => JSON.stringify(base[name]) !== JSON.stringify(initial[name]))) return undefined;
  return { ...initial, ...Object.fromEntries(known.map((name) => [name, value[name]])) };
}

/** Leaves a draft for whoever opens the form next. */
export function keepDraft<Value extends object>(key: string, base: Value, value: Value): void {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify({ at: Date.now(), base, value }));
  } catch {
    // Without storage the draft lives as long as the page.
  }
}

/** Forgets every draft of this browser. */
export function forgetDrafts(): void {
  for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
}

export interface Draft<Value> {
  base: Value;
  value: Value;
  /** The value at this moment, for those who have waited for an answer meanwhile. */
  latest: () => Value;
  patch: Partial<Value>;
  dirty: number;
  /** Whether it was left here by an earlier visit. */
  restored: boolean;
  set: (change: Partial<Value>) => void;
  undo: () => void;
  redo: () => void;
  canUndo: boolean;
  canRedo: boolean;
  discard: () => void;
  /** Goes on from what the server has now, with this value. */
  rebase: (base: Value, value: Value) => void;
}

interface State<Value> {
  base: Value;
  past: Value[];
  value: Value;
  future: Value[];
  restored: boolean;
}

/** An edit that survives reload and an ended session, with undo and redo. */
export function useDraft<Value extends object>(key: string, initial: Value): Draft<Value> {
  const [state, setState] = useState<State<Value>>(() => {
    const found = kept<Value>(key);
    const value = found && broughtBack(found, initial);
    return { base: initial, past: [], value: value ?? initial, future: [], restored: value !== undefined };
  });
  const now = useRef(state.value);
  now.current = state.value;
  const latest = useCallback(() => now.current, []);
  const patch = useMemo(() => changes(state.base, state.value), [state.base, state.value]);
  const dirty = Object.keys(patch).length;

  useEffect(() => {
    if (dirty === 0) localStorage.removeItem(PREFIX + key);
    else keepDraft(key, state.base, state.value);
  }, [key, dirty, state.base, state.value]);

  const set = useCallback((change: Partial<Value>) => {
    setState((old) => ({
      ...old,
      past: [...old.past.slice(-99), old.value],
      value: { ...old.value, ...change },
      future: [],
    }));
  }, []);
  const undo = useCallback(() => {
    setState((old) => {
      const last = old.past.at(-1);
      if (!last) return old;
      return { ...old, past: old.past.slice(0, -1), value: last, future: [old.value, ...old.future] };
    });
  }, []);
  const redo = useCallback(() => {
    setState((old) => {
      const next = old.future[0];
      if (!next) return old;
      return { ...old, past: [...old.past, old.value], value: next, future: old.future.slice(1) };
    });
  }, []);
  const rebase = useCallback((base: Value, value: Value) => {
    setState({ base, past: [], value, future: [], restored: false });
  }, []);
  const discard = useCallback(
    () => setState((old) => ({ ...old, past: [], value: old.base, future: [], restored: false })),
    [],
  );

  const canUndo = state.past.length > 0;
  const canRedo = state.future.length > 0;
  return {
    base: state.base,
    value: state.value,
    latest,
    restored: state.restored,
    patch,
    dirty,
    set,
    undo,
    redo,
    canUndo,
    canRedo,
    discard,
    rebase,
  };
}
