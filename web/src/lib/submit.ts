import { type FormEvent, useState } from "react";
import { type Problem, problemOf } from "../api/problem";

/** A form that is sent once at a time, and what the server said against it. */
export function useSubmit(send: () => Promise<void>) {
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      await send();
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  };
  const errors = problem?.fields ?? new Map<string, string>();
  return { submit: (event: FormEvent) => void submit(event), busy, problem, errors };
}
