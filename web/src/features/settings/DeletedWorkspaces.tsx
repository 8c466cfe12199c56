import type { Workspace } from "../../api/types";
import { Button } from "../../design/Button";
import { t } from "../../i18n";
import "../../i18n/late";
import { dateTime, relative } from "../../lib/format";
import { myZone } from "../../lib/preferences";
import { useBringingBack } from "./deleted";

/** Deleted workspaces, each with how long there is a way back. */
export function DeletedWorkspaces({ workspaces }: { workspaces: Workspace[] }) {
  const bringBack = useBringingBack();
  return (
    <ul className="stack-s narrow" aria-label={t("ending.title")}>
      {workspaces.map((workspace) => (
        <li key={workspace.id} className="sheet pad row apart">
          <div className="facts">
            <strong>{workspace.name}</strong> <code className="small muted">{workspace.slug}</code>
            <div className="small muted">
              {workspace.deleted_at && t("ending.since", { when: dateTime(workspace.deleted_at) })}
            </div>
            <div className="small">
              {hasWayBack(workspace)
                ? t("ending.until", {
                    when: dateTime(workspace.purge_at),
                    how: relative(workspace.purge_at),
                    zone: myZone(),
                  })
                : t("ending.tooLate")}
            </div>
          </div>
          {hasWayBack(workspace) && <Button onClick={() => bringBack(workspace)}>{t("ending.bringBack")}</Button>}
        </li>
      ))}
    </ul>
  );
}

/** Whether it is not gone for good yet. */
const hasWayBack = (workspace: Workspace): workspace is Workspace & { purge_at: string } =>
  Date.parse(workspace.purge_at ?? "") > Date.now();
