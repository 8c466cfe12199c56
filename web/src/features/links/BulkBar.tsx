import { Archive, ArchiveRestore, FolderInput, Megaphone, Tags, Trash2, X } from "lucide-react";
import { useState } from "react";
import type { Link } from "../../api/types";
import { Button } from "../../design/Button";
import { t } from "../../i18n";
import { Later } from "../../lib/Later";
import { mayEdit, useRole } from "../../lib/workspace";
import { CampaignDialog, MoveDialog, TagDialog } from "./dialogs";
import { useLinkActions } from "./useLinkActions";

/** What can be done with the links that are selected. */
export function BulkBar({ links, onDone }: { links: Link[]; onDone: () => void }) {
  const actions = useLinkActions();
  const [tagging, setTagging] = useState(false);
  const [moving, setMoving] = useState(false);
  const [campaigning, setCampaigning] = useState(false);
  const canEdit = mayEdit(useRole());
  const all = links.every((link) => link.archived);
  const done = (request: Promise<void>) => {
    onDone();
    void request;
  };
  return (
    <div className="bulk" role="toolbar" aria-label={t("links.bulk")}>
      <strong>{t("links.selected", { count: links.length })}</strong>
      {canEdit && (
        <>
          <Button
            icon={all ? <ArchiveRestore aria-hidden="true" /> : <Archive aria-hidden="true" />}
            keys="A"
            onClick={() => done(actions.archive(links, !all))}
          >
            {all ? t("links.unarchive") : t("links.archive")}
          </Button>
          <Button icon={<Tags aria-hidden="true" />} keys="T" onClick={() => setTagging(true)}>
            {t("links.tags")}
          </Button>
          <Button icon={<FolderInput aria-hidden="true" />} keys="M" onClick={() => setMoving(true)}>
            {t("links.move")}
          </Button>
          <Button icon={<Megaphone aria-hidden="true" />} onClick={() => setCampaigning(true)}>
            {t("links.campaign")}
          </Button>
          <Button look="bad" icon={<Trash2 aria-hidden="true" />} onClick={() => done(actions.remove(links))}>
            {t("links.delete", { count: links.length })}
          </Button>
        </>
      )}
      <Button look="plain" icon={<X aria-hidden="true" />} onClick={onDone} label={t("links.clearSelection")} />
      {moving && (
        <Later>
          <MoveDialog
            count={links.length}
            onClose={() => setMoving(false)}
            onMove={(folder) => {
              setMoving(false);
              done(actions.move(links, folder));
            }}
          />
        </Later>
      )}
      {campaigning && (
        <Later>
          <CampaignDialog
            links={links}
            onClose={() => setCampaigning(false)}
            onCampaign={(utm) => {
              setCampaigning(false);
              done(actions.campaign(links, utm));
            }}
          />
        </Later>
      )}
      {tagging && (
        <Later>
          <TagDialog
            links={links}
            onClose={() => setTagging(false)}
            onTag={(add, remove) => {
              setTagging(false);
              done(actions.tag(links, add, remove));
            }}
          />
        </Later>
      )}
    </div>
  );
}
