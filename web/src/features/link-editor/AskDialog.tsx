import type { FormEvent } from "react";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { TextArea } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";

const NOTE_MAX = 1000;

interface Properties {
  busy: boolean;
  note: string;
  onNote: (note: string) => void;
  onClose: () => void;
  onAsk: () => void;
}

/** A change that nobody saves alone: somebody else is asked for it. */
export function AskDialog({ busy, note, onNote, onClose, onAsk }: Properties) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onAsk();
  };
  return (
    <Dialog open onClose={onClose} title={t("approvals.askTitle")}>
      <form className="stack" onSubmit={submit}>
        <p>{t("approvals.askText")}</p>
        <TextArea label={t("approvals.note")} value={note} onValue={onNote} maxLength={NOTE_MAX} />
        <div className="row">
          <Button look="main" type="submit" disabled={busy}>
            {t("approvals.ask")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
