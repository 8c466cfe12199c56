import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, body } from "../../api/client";
import { withDetail } from "../../api/problem";
import type { EvidenceExport } from "../../api/types";
import { Button } from "../../design/Button";
import { Copy } from "../../design/Copy";
import { Dialog } from "../../design/Dialog";
import { Failure, Skeleton } from "../../design/Failure";
import { Field } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import type { AuditSearch } from "../../lib/audit-search";
import { number } from "../../lib/format";
import { myZone } from "../../lib/preferences";
import { useSubmit } from "../../lib/submit";
import { dayAfter, dayOf, startOf } from "../../lib/time";
import { WrittenFile } from "../../lib/WrittenFile";
import { useWorkspace } from "../../lib/workspace";

/** How long until an export that is being written is looked at again, in milliseconds. */
const AGAIN = 1000;

interface Properties {
  /** The days that the page shows are those that are asked for at first. */
  search: AuditSearch;
  onClose: () => void;
}

/** Parts of the audit log as signed files: asked for, followed while they are written, and fetched. */
export default function EvidenceDialog({ search, onClose }: Properties) {
  const workspace_id = useWorkspace().id;
  const key = ["evidence", workspace_id];
  const query = useQuery({
    queryKey: key,
    queryFn: () => {
      const params = { path: { workspace_id }, query: { limit: 100 } };
      return body(api.GET("/v1/workspaces/{workspace_id}/evidence-exports", { params }));
    },
    refetchInterval: ({ state }) => (state.data?.data.some((one) => one.state === "pending") ? AGAIN : false),
  });
  const exports = query.data?.data ?? [];
  const ready = exports.find((one) => one.state === "ready");
  return (
    <Dialog open onClose={onClose} title={t("evidence.title")} wide>
      <p>{t("evidence.about")}</p>
      <Asking search={search} queryKey={key} />
      {query.isPending && <Skeleton count={2} />}
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      <ul className="stack-s" aria-label={t("evidence.all")}>
        {exports.map((one) => (
          <Row key={one.id} export={one} />
        ))}
      </ul>
      {ready && <Checking export={ready} />}
      <div className="row">
        <Button onClick={onClose}>{t("common.close")}</Button>
      </div>
    </Dialog>
  );
}

function Asking({ search, queryKey }: { search: AuditSearch; queryKey: string[] }) {
  const workspace_id = useWorkspace().id;
  const queries = useQueryClient();
  const zone = myZone();
  const [first, setFirst] = useState(search.from ? dayOf(search.from, zone) : "");
  const [last, setLast] = useState(search.until ? dayBefore(search.until, zone) : "");
  const { submit, busy, problem, errors } = useSubmit(async () => {
    const draft = {
      ...(first ? { from: startOf(first, zone) } : {}),
      ...(last ? { until: startOf(dayAfter(last), zone) } : {}),
    };
    const params = { path: { workspace_id } };
    await body(api.POST("/v1/workspaces/{workspace_id}/evidence-exports", { params, body: draft }));
    await queries.invalidateQueries({ queryKey });
  });
  const atField = errors.has("/from") || errors.has("/until");
  return (
    <form className="stack-s" onSubmit={submit}>
      {problem && !atField && <Failure error={withDetail(problem, errors.get(""))} />}
      <div className="two">
        <Field
          label={t("trail.first")}
          type="date"
          value={first}
          onValue={setFirst}
          error={errors.get("/from")}
          hint={t("evidence.fromStart")}
        />
        <Field
          label={t("trail.last")}
          type="date"
          value={last}
          onValue={setLast}
          error={errors.get("/until")}
          hint={t("evidence.untilNow", { zone })}
        />
      </div>
      <div className="row">
        <Button look="main" type="submit" disabled={busy}>
          {t("evidence.ask")}
        </Button>
      </div>
    </form>
  );
}

/** The last day before a moment at which a day ends. */
const dayBefore = (end: string, zone: string) =>
  dayOf(Temporal.Instant.from(end).subtract({ nanoseconds: 1 }).toString(), zone);

function Row({ export: one }: { export: EvidenceExport }) {
  const params = { path: { workspace_id: useWorkspace().id, evidence_export_id: one.id } };
  return (
    <WrittenFile
      file={one}
      title={t("evidence.rows", { first: number(one.after + 1), last: number(one.through) })}
      find={() => body(api.GET("/v1/workspaces/{workspace_id}/evidence-exports/{evidence_export_id}/link", { params }))}
    />
  );
}

/** How whoever gets a file checks it, without this server. */
function Checking({ export: one }: { export: EvidenceExport }) {
  const { data } = useQuery({
    queryKey: ["evidence-key"],
    queryFn: () => body(api.GET("/.well-known/elido-evidence-key")),
  });
  if (!data) return null;
  const command = `elido audit verify ${one.id}.tar.gz --public-key ${data.public_key}`;
  return (
    <div className="note stack-s">
      <p className="small">{t("evidence.check")}</p>
      <div className="row">
        <code className="grow anywhere small">{command}</code>
        <Copy text={command} label={t("evidence.copyCommand")} />
      </div>
    </div>
  );
}
