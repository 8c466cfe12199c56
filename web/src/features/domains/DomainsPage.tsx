import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, RefreshCw, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { api, body } from "../../api/client";
import { type Problem, problemOf } from "../../api/problem";
import type { Domain } from "../../api/types";
import { Button } from "../../design/Button";
import { Copy } from "../../design/Copy";
import { Dialog } from "../../design/Dialog";
import { Failure, Skeleton } from "../../design/Failure";
import { Field } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { dateTime, relative } from "../../lib/format";
import { useTitle } from "../../lib/title";
import { say } from "../../lib/toasts";
import { mayAdminister, useRole, useWorkspace } from "../../lib/workspace";
import { EditDomain } from "./EditDomain";

export default function DomainsPage() {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const canEdit = mayAdminister(useRole());
  const [adding, setAdding] = useState(false);
  const path = { workspace_id: workspace.id };
  const key = ["domains", workspace.id];
  useTitle(t("nav.domains"), workspace.name);
  const query = useQuery({
    queryKey: key,
    // What waits for its records is looked at by the server; the page follows.
    refetchInterval: (latest) =>
      latest.state.data?.data.some((domain) => domain.state === "pending") ? 10_000 : false,
    queryFn: () => body(api.GET("/v1/workspaces/{workspace_id}/domains", { params: { path, query: { limit: 100 } } })),
  });
  const refetch = async () => {
    await queries.invalidateQueries({ queryKey: key });
    await queries.invalidateQueries({ queryKey: ["home", workspace.id] });
  };
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.domains")}</h1>
        {canEdit && (
          <Button look="main" icon={<Plus aria-hidden="true" />} onClick={() => setAdding(true)}>
            {t("domains.add")}
          </Button>
        )}
      </div>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton count={2} height={120} />}
      <div className="stack">
        {query.data?.data.map((domain) => (
          <DomainCard key={domain.id} domain={domain} canEdit={canEdit} refetch={refetch} />
        ))}
        {query.data?.data.every((domain) => domain.is_default) && (
          <div className="sheet empty">
            <h2>{t("domains.none")}</h2>
            <p>{t("domains.noneText")}</p>
          </div>
        )}
      </div>
      {adding && <AddDomain onClose={() => setAdding(false)} refetch={refetch} />}
    </>
  );
}

const LOOKS = { active: "good", pending: "warn", quarantined: "bad" } as const;

function DomainCard({ domain, canEdit, refetch }: { domain: Domain; canEdit: boolean; refetch: () => Promise<void> }) {
  const path = { workspace_id: useWorkspace().id, domain_id: domain.id };
  const [busy, setBusy] = useState(false);
  const [removing, setRemoving] = useState(false);
  const [editing, setEditing] = useState(false);
  const check = async () => {
    setBusy(true);
    try {
      await body(api.POST("/v1/workspaces/{workspace_id}/domains/{domain_id}/verify", { params: { path } }));
      await refetch();
    } catch (error) {
      say(problemOf(error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="sheet pad stack" aria-label={domain.display_name}>
      <div className="row apart">
        <div className="row">
          <h2 className="mono">{domain.display_name}</h2>
          <span className="badge" data-look={LOOKS[domain.state]}>
            {t(`domains.${domain.state}`)}
          </span>
          {domain.is_default && <span className="badge">{t("domains.default")}</span>}
        </div>
        {!domain.is_default && canEdit && (
          <div className="row">
            <Button onClick={() => setEditing(true)}>{t("domainEdit.edit")}</Button>
            <Button icon={<RefreshCw aria-hidden="true" />} disabled={busy} onClick={() => check()}>
              {t("domains.check")}
            </Button>
            <Button
              look="plain"
              icon={<Trash2 aria-hidden="true" />}
              label={t("common.remove", { what: domain.display_name })}
              onClick={() => setRemoving(true)}
            />
          </div>
        )}
      </div>
      <p className="small">
        {t(`reason.${domain.state_reason}`)}
        {domain.last_check_at && (
          <span className="muted" title={dateTime(domain.last_check_at)}>
            {" "}
            {t("domains.lastCheck", { when: relative(domain.last_check_at) })}
          </span>
        )}
      </p>
      {domain.last_check_trouble && (
        <p className="note" data-look="warn">
          {domain.last_check_trouble}
        </p>
      )}
      {domain.findings.map((finding) => (
        <p key={finding.code} className="note" data-look="warn">
          {finding.detail}
        </p>
      ))}
      {!domain.is_default && (
        <section className="table-frame" tabIndex={0} aria-label={t("domains.records")}>
          <table className="table records">
            <thead>
              <tr>
                <th scope="col">{t("domains.type")}</th>
                <th scope="col">{t("domains.name")}</th>
                <th scope="col">{t("domains.value")}</th>
                <th scope="col">{t("domains.seen")}</th>
              </tr>
            </thead>
            <tbody>
              {domain.records.map((record) => (
                <tr key={`${record.purpose} ${record.type} ${record.value}`}>
                  <td>{record.type}</td>
                  <td className="mono">
                    {record.name} <Copy text={record.name} />
                  </td>
                  <td className="mono">
                    {record.value} <Copy text={record.value} />
                  </td>
                  <td>
                    <span
                      className="badge"
                      data-look={record.status === "found" ? "good" : record.status === "missing" ? "warn" : undefined}
                    >
                      {t(`record.${record.status}`)}
                    </span>
                    {record.status !== "found" &&
                      record.found.map((value) => (
                        <div key={value} className="mono small">
                          {value}
                        </div>
                      ))}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {editing && <EditDomain domain={domain} onClose={() => setEditing(false)} refetch={refetch} />}
      {removing && <RemoveDomain domain={domain} onClose={() => setRemoving(false)} refetch={refetch} />}
    </section>
  );
}

function AddDomain({ onClose, refetch }: { onClose: () => void; refetch: () => Promise<void> }) {
  const path = { workspace_id: useWorkspace().id };
  const [hostname, setHostname] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await body(
        api.POST("/v1/workspaces/{workspace_id}/domains", { params: { path }, body: { hostname: hostname.trim() } }),
      );
      onClose();
      await refetch();
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  return (
    <Dialog open onClose={onClose} title={t("domains.add")}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <Field
          label={t("domains.hostname")}
          hint={t("domains.hostnameHint")}
          value={hostname}
          onValue={setHostname}
          error={problem?.fields.get("/hostname") ?? problem?.message}
          placeholder="go.example.com"
          autoFocus
          required
          mono
        />
        <div className="row">
          <Button look="main" type="submit">
            {t("domains.add")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

function RemoveDomain({
  domain,
  onClose,
  refetch,
}: {
  domain: Domain;
  onClose: () => void;
  refetch: () => Promise<void>;
}) {
  const path = { workspace_id: useWorkspace().id, domain_id: domain.id };
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const remove = async () => {
    try {
      await body(api.DELETE("/v1/workspaces/{workspace_id}/domains/{domain_id}", { params: { path } }));
      onClose();
      await refetch();
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  return (
    <Dialog open onClose={onClose} title={t("domains.removeTitle", { name: domain.display_name })}>
      <p>{t("domains.removeText")}</p>
      {problem && (
        <p className="note" data-look="bad" role="alert">
          {problem.message}
        </p>
      )}
      <Field label={t("common.typeName", { name: domain.display_name })} value={typed} onValue={setTyped} mono />
      <div className="row">
        <Button look="bad" disabled={typed !== domain.display_name} onClick={() => remove()}>
          {t("common.removeIt")}
        </Button>
        <Button onClick={onClose}>{t("common.cancel")}</Button>
      </div>
    </Dialog>
  );
}
