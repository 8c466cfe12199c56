import { type FormEvent, useState } from "react";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { TextArea } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";

const NOTE_MAX = 1000;

interface Properties {
  busy: boolean;
  onClose: () => void;
  onAsk: (note: string) => void;
}

/** A change that nobody saves alone: somebody else is asked for it. */
export function AskDialog({ busy, onClose, onAsk }: Properties) {
  const [note, setNote] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onAsk(note.trim());
  };
  return (
    <Dialog open onClose={onClose} title={t("approvals.askTitle")}>
      <form className="stack" onSubmit={submit}>
        <p>{t("approvals.askText")}</p>
        <TextArea label={t("approvals.note")} value={note} onValue={setNote} maxLength={NOTE_MAX} />
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
