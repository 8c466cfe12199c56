import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link as To } from "@tanstack/react-router";
import { useState } from "react";
import { useBoot } from "../api/boot";
import { api, body } from "../api/client";
import { type Problem, problemOf } from "../api/problem";
import type { ChangeRequest, Link } from "../api/types";
import { Button } from "../design/Button";
import { Failure } from "../design/Failure";
import { TextArea } from "../design/Field";
import { t } from "../i18n";
import "../i18n/late";
import { dateTime, relative } from "./format";
import { useAuthorName } from "./people";
import { say } from "./toasts";
import { mayEdit, useRole, useWorkspace } from "./workspace";
import { written } from "./written";

const REASON_MAX = 1000;
const LOOKS = { pending: "warn", approved: "good", refused: "bad", withdrawn: undefined, expired: undefined } as const;

/** What somebody wants to be changed of a link, and what others say to that. */
export function RequestedChange({ request, named }: { request: ChangeRequest; named: boolean }) {
  const author = useAuthorName(request.author);
  const decider = useAuthorName(request.decided_by ?? request.author);
  const link = useLink(request.link_id);
  const isOutdated = request.state === "pending" && link !== undefined && link.version !== request.link_version;
  return (
    <li className="stack-s request">
      <div className="row apart">
        <span>
          {named && <LinkName id={request.link_id} link={link} />} {t("approvals.by", { name: author })}{" "}
          <time className="muted small" dateTime={request.created_at} title={dateTime(request.created_at)}>
            {relative(request.created_at)}
          </time>
        </span>
        <span className="row">
          <span className="badge" data-look={LOOKS[request.state]}>
            {t(`approvals.${request.state}`)}
          </span>
          <span className="small muted">
            {request.decided_at
              ? t("approvals.decided", { name: decider, when: dateTime(request.decided_at) })
              : t("approvals.until", { when: dateTime(request.expires_at) })}
          </span>
        </span>
      </div>
      {request.note && <p className="said">{request.note}</p>}
      <Changes request={request} />
      {request.reason && <p className="small">{t("approvals.because", { reason: request.reason })}</p>}
      {isOutdated && <p className="note">{t("approvals.outdated")}</p>}
      {request.state === "pending" && <Decision request={request} isOutdated={isOutdated} />}
    </li>
  );
}

function useLink(id: string): Link | undefined {
  const workspace_id = useWorkspace().id;
  return useQuery({
    queryKey: ["link-detail", workspace_id, id],
    queryFn: () =>
      body(
        api.GET("/v1/workspaces/{workspace_id}/links/{link_id}", { params: { path: { workspace_id, link_id: id } } }),
      ),
  }).data;
}

function LinkName({ id, link }: { id: string; link: Link | undefined }) {
  const workspace = useWorkspace().slug;
  if (!link) return <b className="mono">{id}</b>;
  return (
    <b className="mono">
      <To to="/w/$workspace/links/$link" params={{ workspace, link: id }}>
        {link.short_url.replace(/^https?:\/\//, "")}
      </To>
    </b>
  );
}

function Changes({ request }: { request: ChangeRequest }) {
  if (request.deletes) return <p className="bad">{t("approvals.deletes")}</p>;
  return (
    <ul className="small sample">
      {request.changes.map((change) => (
        <li key={change.field}>
          {change.field === "password" ? (
            t("approvals.password")
          ) : (
            <>
              <b>{change.field}</b> <del className="muted">{written(change.before)}</del> → {written(change.after)}
            </>
          )}
        </li>
      ))}
    </ul>
  );
}

/** Approving and refusing for others, and withdrawing for whoever asked. */
function Decision({ request, isOutdated }: { request: ChangeRequest; isOutdated: boolean }) {
  const workspace_id = useWorkspace().id;
  const queries = useQueryClient();
  const isMine = useBoot()?.user?.id === request.author;
  const mayDecide = mayEdit(useRole());
  const [refusing, setRefusing] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const params = { path: { workspace_id, change_request_id: request.id } };
  const run = async (send: () => Promise<unknown>, done: string) => {
    setBusy(true);
    setProblem(undefined);
    try {
      await send();
      say(done);
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
    for (const name of ["change-requests", "link-detail", "links", "history"])
      await queries.invalidateQueries({ queryKey: [name, workspace_id] });
  };
  const approve = (confirm_printed: boolean) =>
    run(
      () =>
        body(
          api.POST("/v1/workspaces/{workspace_id}/change-requests/{change_request_id}/approve", {
            params,
            body: confirm_printed ? { confirm_printed } : {},
          }),
        ),
      t("approvals.approveDone"),
    );
  const refuse = (reason: string) =>
    run(
      () =>
        body(
          api.POST("/v1/workspaces/{workspace_id}/change-requests/{change_request_id}/refuse", {
            params,
            body: reason.trim() ? { reason: reason.trim() } : {},
          }),
        ),
      t("approvals.refuseDone"),
    );
  const withdraw = () =>
    run(
      () => body(api.DELETE("/v1/workspaces/{workspace_id}/change-requests/{change_request_id}", { params })),
      t("approvals.withdrawDone"),
    );
  if (!mayDecide) return null;
  if (isMine) {
    return (
      <div className="row">
        <span className="small muted grow">{t("approvals.own")}</span>
        {problem && <Failure error={problem} />}
        <Button disabled={busy} onClick={() => withdraw()}>
          {t("approvals.withdraw")}
        </Button>
      </div>
    );
  }
  const isPrinted = problem?.code === "printed";
  return (
    <div className="stack-s">
      {problem && !isPrinted && <Failure error={problem} />}
      {isPrinted && (
        <p className="note" data-look="warn" role="alert">
          {t("approvals.printed")}
        </p>
      )}
      {refusing !== undefined && (
        <TextArea label={t("approvals.reason")} value={refusing} onValue={setRefusing} maxLength={REASON_MAX} />
      )}
      <div className="row">
        {refusing === undefined ? (
          <>
            <Button disabled={busy || isOutdated} onClick={() => approve(isPrinted)}>
              {isPrinted ? t("approvals.approvePrinted") : t("approvals.approve")}
            </Button>
            <Button disabled={busy} onClick={() => setRefusing("")}>
              {t("approvals.refuse")}
            </Button>
          </>
        ) : (
          <>
            <Button look="bad" disabled={busy} onClick={() => refuse(refusing)}>
              {t("approvals.refuse")}
            </Button>
            <Button disabled={busy} onClick={() => setRefusing(undefined)}>
              {t("common.cancel")}
            </Button>
          </>
        )}
      </div>
    </div>
  );
}
