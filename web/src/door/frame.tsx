import type { ReactNode } from "react";
import type { Problem } from "../api/problem";
import { t } from "../i18n";
import { useTitle } from "../lib/title";

/** The frame of every page here. */
export function Frame({ title, children }: { title: string; children: ReactNode }) {
  useTitle(title);
  return (
    <main className="alone">
      <div className="brand">
        <span className="mark" aria-hidden="true">
          E
        </span>
        Elido
      </div>
      <h1>{title}</h1>
      {children}
    </main>
  );
}

/** What is wrong with a form as a whole. */
export function Wrong({ problem }: { problem: Problem | undefined }) {
  if (!problem) return null;
  return (
    <p className="note" data-look="bad" role="alert">
      {problem.status === 0 ? t("common.noAnswer") : problem.message}
    </p>
  );
}

/** A secret is behind the `#`, which browsers send to nobody; it leaves the address once it is read. */
export function takeSecret(name: string): string {
  const secret = new URLSearchParams(location.hash.slice(1)).get(name) ?? "";
  if (secret) history.replaceState(history.state, "", location.pathname);
  return secret;
}

/** Goes to the pages of the signed in, which ask anew who is there. */
export function enter(path = "/"): void {
  location.assign(path);
}
