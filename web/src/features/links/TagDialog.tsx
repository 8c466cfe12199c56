import { type FormEvent, useState } from "react";
import type { Link } from "../../api/types";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Field } from "../../design/Field";
import { t } from "../../i18n";
import { useHome } from "../../lib/workspace";

interface Properties {
  links: Link[];
  onClose: () => void;
  onTag: (add: string[], remove: string[]) => void;
}

/** Tags of several links: a tag that all have is on, and what is changed is changed for all. */
export default function TagDialog({ links, onClose, onTag }: Properties) {
  const known = useHome()?.tags.body?.data.map((tag) => tag.name) ?? [];
  const names = [...new Set([...known, ...links.flatMap((link) => link.tags)])].sort((one, other) =>
    one.localeCompare(other),
  );
  const [changed, setChanged] = useState<Map<string, boolean>>(new Map());
  const [fresh, setFresh] = useState("");
  const isOn = (name: string) => changed.get(name) ?? links.every((link) => link.tags.includes(name));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const typed = fresh
      .split(",")
      .map((name) => name.trim())
      .filter(Boolean);
    const on = [...changed].filter(([, wanted]) => wanted).map(([name]) => name);
    onTag(
      [...on, ...typed],
      [...changed].filter(([, wanted]) => !wanted).map(([name]) => name),
    );
  };
  return (
    <Dialog open onClose={onClose} title={t("links.tagTitle", { count: links.length })}>
      <form className="stack" onSubmit={submit}>
        <div className="row">
          {names.map((name) => (
            <label key={name} className="check">
              <input
                type="checkbox"
                checked={isOn(name)}
                onChange={(event) => setChanged(new Map(changed).set(name, event.target.checked))}
              />
              {name}
            </label>
          ))}
        </div>
        <Field label={t("links.newTags")} hint={t("links.newTagsHint")} value={fresh} onValue={setFresh} />
        <div className="row">
          <Button look="main" type="submit">
            {t("common.save")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
