import { Link as To } from "@tanstack/react-router";
import { Button } from "../../design/Button";
import { t } from "../../i18n";
import { number } from "../../lib/format";
import { useWorkspace } from "../../lib/workspace";
import { type Bulk, dismiss, useBulks } from "./bulk";

/** Failures that are shown one by one. */
const SHOWN = 20;

/** What is being done to many links, and what could not be done. */
export function BulkReports() {
  const bulks = useBulks();
  if (bulks.length === 0) return null;
  return (
    <div className="reports">
      {bulks.map((bulk) =>
        bulk.isOver ? <Failures key={bulk.id} bulk={bulk} /> : <Going key={bulk.id} bulk={bulk} />,
      )}
    </div>
  );
}

export function Progress({ done, total }: { done: number; total: number }) {
  return (
    <span className="row grow">
      <progress max={total} value={done} aria-label={t("links.working")} />
      <span className="small" role="status">
        {t("links.progress", { done: number(done), total: number(total) })}
      </span>
    </span>
  );
}

function Going({ bulk }: { bulk: Bulk }) {
  return (
    <div className="note row above">
      <span>{t("links.working")}</span>
      <Progress done={bulk.done} total={bulk.total} />
      <Button onClick={bulk.stop}>{t("links.stop")}</Button>
    </div>
  );
}

function Failures({ bulk }: { bulk: Bulk }) {
  const workspace = useWorkspace().slug;
  const { failed, retry, isPrinted } = bulk;
  return (
    <div className="note stack-s above" data-look="bad" role="alert">
      <b>{t("links.failed", { count: failed.length })}</b>
      <ul className="small sample">
        {failed.slice(0, SHOWN).map(({ id, name, reason }) => (
          <li key={id}>
            <To className="mono" to="/w/$workspace/links/$link" params={{ workspace, link: id }}>
              {name}
            </To>{" "}
            {reason}
          </li>
        ))}
      </ul>
      {failed.length > SHOWN && <p className="small">{t("links.andMore", { count: failed.length - SHOWN })}</p>}
      <div className="row">
        {retry && <Button onClick={retry}>{isPrinted ? t("links.printed") : t("common.retry")}</Button>}
        <Button onClick={() => dismiss(bulk.id)}>{t("common.close")}</Button>
      </div>
    </div>
  );
}
