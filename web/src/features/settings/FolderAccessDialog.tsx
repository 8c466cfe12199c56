import { useState } from "react";
import { api, body } from "../../api/client";
import { withDetail } from "../../api/problem";
import type { Folder, FolderAccess, FolderMember, Member } from "../../api/types";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Failure } from "../../design/Failure";
import { Choice } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { useMembers } from "../../lib/people";
import { useSubmit } from "../../lib/submit";
import { useWorkspace } from "../../lib/workspace";

const LEVELS = ["edit", "view", "none"] as const satisfies FolderAccess[];

interface Properties {
  folder: Folder;
  onClose: () => void;
  refetch: () => Promise<void>;
}

/** Who may see and change what is in a folder: everybody, and those for whom something else holds. */
export function FolderAccessDialog({ folder, onClose, refetch }: Properties) {
  const workspace_id = useWorkspace().id;
  const people = useMembers();
  const [access, setAccess] = useState(folder.access);
  const [members, setMembers] = useState(folder.members);
  const { submit, busy, problem, errors } = useSubmit(async () => {
    const path = { workspace_id, folder_id: folder.id };
    const params = { path, header: { "If-Match": `"${folder.version}"` } };
    const patch = { access, members };
    await body(api.PATCH("/v1/workspaces/{workspace_id}/folders/{folder_id}/access", { params, body: patch }));
    await refetch();
    onClose();
  });
  const levels = LEVELS.map((level): [string, string] => [level, t(`folderAccess.${level}`)]);
  return (
    <Dialog open onClose={onClose} title={t("folderAccess.title", { name: folder.name })}>
      <form className="stack" onSubmit={submit}>
        {problem && <Failure error={withDetail(problem, [...errors.values()].join(" "))} />}
        <Choice
          label={t("folderAccess.everybody")}
          value={access}
          onValue={(value) => setAccess(value as FolderAccess)}
          options={levels}
        />
        {people.filter(isNarrowed).map((person) => (
          <Choice
            key={person.user_id}
            label={`${person.name || person.email} · ${t(`role.${person.role}`)}`}
            value={members.find((member) => member.user_id === person.user_id)?.access ?? ""}
            onValue={(value) => setMembers(withAccess(members, person.user_id, value as FolderAccess | ""))}
            options={[["", t("folderAccess.asEverybody")], ...levels]}
          />
        ))}
        <p className="small muted">{t("folderAccess.others")}</p>
        <div className="row">
          <Button look="main" type="submit" disabled={busy}>
            {t("common.save")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Owners and administrators reach into every folder. */
const isNarrowed = (person: Member) => person.role !== "owner" && person.role !== "admin";

/** The same with another access for one of them; nothing is what holds for everybody. */
function withAccess(members: FolderMember[], user_id: string, access: FolderAccess | ""): FolderMember[] {
  const others = members.filter((member) => member.user_id !== user_id);
  return access === "" ? others : [...others, { user_id, access }];
}
