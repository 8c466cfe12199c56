import { type FormEvent, useState } from "react";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Choice } from "../../design/Field";
import { t } from "../../i18n";
import { useHome } from "../../lib/workspace";

interface Properties {
  count: number;
  onClose: () => void;
  onMove: (folder: string | null) => void;
}

/** Puts links into a folder, or takes them out. */
export default function MoveDialog({ count, onClose, onMove }: Properties) {
  const folders = useHome()?.folders.body?.data ?? [];
  const [folder, setFolder] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onMove(folder || null);
  };
  return (
    <Dialog open onClose={onClose} title={t("links.moveTitle", { count })}>
      <form className="stack" onSubmit={submit}>
        <Choice
          label={t("links.folder")}
          value={folder}
          onValue={setFolder}
          options={[["", t("links.noFolder")], ...folders.map(({ id, name }): [string, string] => [id, name])]}
        />
        {folders.length === 0 && <p className="small muted">{t("links.makeFolders")}</p>}
        <div className="row">
          <Button look="main" type="submit">
            {t("links.move")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
