import { useState } from "react";
import { Button } from "../design/Button";
import { Dialog } from "../design/Dialog";
import { Failure } from "../design/Failure";
import { Field } from "../design/Field";
import { t } from "../i18n";
import { useSubmit } from "./submit";

interface Properties {
  title: string;
  /** What comes of it. */
  text: string;
  /** What is removed. */
  name: string;
  /** What the button says. */
  action: string;
  onRemove: () => Promise<void>;
  onClose: () => void;
}

/** What nobody can undo is done once its name is typed. */
export function Removal({ title, text, name, action, onRemove, onClose }: Properties) {
  const [typed, setTyped] = useState("");
  const { submit, busy, problem } = useSubmit(onRemove);
  return (
    <Dialog open onClose={onClose} title={title}>
      <form className="stack" onSubmit={submit}>
        <p>{text}</p>
        {problem && <Failure error={problem} />}
        <Field label={t("common.typeName", { name })} value={typed} onValue={setTyped} />
        <div className="row">
          <Button look="bad" type="submit" disabled={busy || typed !== name}>
            {action}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
