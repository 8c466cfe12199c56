import type { ReactNode } from "react";
import { problemOf } from "../api/problem";
import { Button } from "../design/Button";
import { Copy } from "../design/Copy";
import { t } from "../i18n";
import "../i18n/late";
import { dateTime, number } from "./format";
import { useAuthorName } from "./people";
import { say } from "./toasts";

interface Written {
  state: "pending" | "ready" | "failed";
  bytes?: number | null;
  sha256?: string | null;
  error?: string | null;
  created_by: string;
  created_at: string;
  expires_at: string;
}

interface Properties {
  file: Written;
  title: string;
  /** Asks where it is downloaded. */
  find: () => Promise<{ url: string }>;
  /** What else there is to say of it. */
  children?: ReactNode;
}

const LOOKS = { pending: "warn", ready: "good", failed: "bad" } as const;

/** A file that the server writes after it was asked for: how far it is, and the way to fetch it. */
export function WrittenFile({ file, title, find, children }: Properties) {
  const author = useAuthorName(file.created_by);
  const fetchIt = async () => {
    try {
      // It comes as a file, so that the page stays.
      location.assign((await find()).url);
    } catch (error) {
      say(problemOf(error).message);
    }
  };
  return (
    <li className="sheet pad row apart">
      <div className="facts stack-s">
        <div className="row">
          <span className="badge" data-look={LOOKS[file.state]}>
            {t(`written.${file.state}`)}
          </span>
          <strong>{title}</strong>
          {file.bytes != null && (
            <span className="small muted">{t("written.bytes", { bytes: number(file.bytes) })}</span>
          )}
        </div>
        {children}
        <span className="small muted">
          {t("written.asked", { name: author, when: dateTime(file.created_at) })} ·{" "}
          {t("written.until", { when: dateTime(file.expires_at) })}
        </span>
        {file.error && <span className="small bad">{file.error}</span>}
        {file.sha256 && (
          <div className="row small">
            <span className="muted">SHA-256</span>
            <code className="anywhere grow">{file.sha256}</code>
            <Copy text={file.sha256} label={t("written.copyHash")} />
          </div>
        )}
      </div>
      {file.state === "ready" && <Button onClick={() => fetchIt()}>{t("written.fetch")}</Button>}
    </li>
  );
}
