import type { ReactNode } from "react";
import { Button } from "../design/Button";
import { Copy } from "../design/Copy";
import { Dialog } from "../design/Dialog";
import { t } from "../i18n";

interface Properties {
  title: string;
  /** What whoever reads it has to know about it. */
  note: string;
  /** Without a secret, nothing is lost when it is closed. */
  isSecret?: boolean;
  onClose: () => void;
  children: ReactNode;
}

/** What was just made, with its secret, which is shown this once. */
export function ShownOnce({ title, note, isSecret = true, onClose, children }: Properties) {
  return (
    <Dialog open onClose={onClose} title={title} wide>
      <p className="note" data-look={isSecret ? "warn" : undefined}>
        {note}
      </p>
      {children}
      <div className="row">
        <Button look="main" onClick={onClose}>
          {isSecret ? t("keysPage.kept") : t("common.close")}
        </Button>
      </div>
    </Dialog>
  );
}

/** A value to be copied, under its name. */
export function ToCopy({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt className="small muted">{name}</dt>
      <dd className="row">
        <code className="grow anywhere">{value}</code>
        <Copy text={value} />
      </dd>
    </div>
  );
}
