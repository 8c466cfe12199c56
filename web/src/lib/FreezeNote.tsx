import { useQuery } from "@tanstack/react-query";
import { t } from "../i18n";
import { dateTime } from "./format";
import { freezeQuery } from "./freeze";
import { useQuiet } from "./quiet";
import { useWorkspace } from "./workspace";

/** Says that links of a folder, or of none, are left as they are now, and why. */
export function FreezeNote({ folder }: { folder: string | null }) {
  const enabled = useQuiet(true);
  const query = useQuery({ ...freezeQuery(useWorkspace().id), enabled });
  const now = Date.now();
  const open = (query.data?.data ?? []).filter(
    (window) =>
      Date.parse(window.starts_at) <= now &&
      now < Date.parse(window.ends_at) &&
      (!window.folder_id || window.folder_id === folder),
  );
  return open.map((window) => (
    <p key={window.id} className="note above" data-look="warn">
      {t(window.folder_id ? "frozen.folder" : "frozen.all", {
        when: dateTime(window.ends_at),
        reason: window.reason,
      })}
    </p>
  ));
}
