import type { ReactNode } from "react";
import { Button } from "../../design/Button";
import { Failure } from "../../design/Failure";
import { useSubmit } from "../../lib/submit";

interface Properties {
  title: string;
  /** What the button says. */
  action: string;
  onSend: () => Promise<void>;
  /** What stands before the fields. */
  before?: ReactNode;
  /** The fields, with what is wrong with each by its JSON pointer. */
  children: (errors: Map<string, string>) => ReactNode;
}

/** A part of the page of an account that is filled in and sent. */
export function AccountForm({ title, action, onSend, before, children }: Properties) {
  const { submit, busy, problem, errors } = useSubmit(onSend);
  return (
    <form className="sheet pad stack narrow" onSubmit={submit} aria-label={title}>
      <h2>{title}</h2>
      {before}
      {problem && errors.size === 0 && <Failure error={problem} />}
      {children(errors)}
      <div className="row">
        <Button type="submit" disabled={busy}>
          {action}
        </Button>
      </div>
    </form>
  );
}
