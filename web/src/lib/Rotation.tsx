import { useState } from "react";
import { Button } from "../design/Button";
import { Dialog } from "../design/Dialog";
import { Failure } from "../design/Failure";
import { Choice } from "../design/Field";
import { t } from "../i18n";
import "../i18n/late";
import { useSubmit } from "./submit";

const HOUR = 3600;

interface Properties {
  /** Whose secret it is. */
  name: string;
  /** Asks for another secret, beside which the present one holds for so many seconds. */
  onRotate: (overlap: number) => Promise<void>;
  onClose: () => void;
}

/** Asks how long the present secret may hold beside a new one. */
export function Rotation({ name, onRotate, onClose }: Properties) {
  const [overlap, setOverlap] = useState(String(24 * HOUR));
  const { submit, busy, problem } = useSubmit(() => onRotate(Number(overlap)));
  return (
    <Dialog open onClose={onClose} title={t("rotation.title", { name })}>
      <form className="stack" onSubmit={submit}>
        <p>{t("rotation.text")}</p>
        {problem && <Failure error={problem} />}
        <Choice
          label={t("rotation.overlap")}
          value={overlap}
          onValue={setOverlap}
          options={[
            ["0", t("rotation.atOnce")],
            [String(HOUR), t("rotation.hour")],
            [String(24 * HOUR), t("rotation.day")],
            [String(7 * 24 * HOUR), t("rotation.week")],
          ]}
        />
        <div className="row">
          <Button look="main" type="submit" disabled={busy}>
            {t("rotation.make")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
