import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, body } from "../../api/client";
import { problemOf } from "../../api/problem";
import type { Link } from "../../api/types";
import { Button } from "../../design/Button";
import { Failure } from "../../design/Failure";
import { t } from "../../i18n";
import "../../i18n/late";
import { requestsQuery } from "../../lib/approvals";
import { RequestedChange } from "../../lib/ChangeRequests";
import { say } from "../../lib/toasts";
import { useWorkspace } from "../../lib/workspace";

/** Of a link whose changes need a second person: what waits, and the way to have it deleted. */
export function Approvals({ link, canEdit }: { link: Link; canEdit: boolean }) {
  const workspace_id = useWorkspace().id;
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const query = useQuery({
    ...requestsQuery(workspace_id, { state: "pending", link_id: link.id }),
    enabled: link.needs_approval,
  });
  if (!link.needs_approval) return null;
  const askForDeletion = async () => {
    setBusy(true);
    try {
      const params = { path: { workspace_id, link_id: link.id } };
      const at = { params, body: { delete: true } };
      await body(api.POST("/v1/workspaces/{workspace_id}/links/{link_id}/change-requests", at));
      say(t("approvals.asked"));
    } catch (error) {
      say(problemOf(error).message);
    } finally {
      setBusy(false);
    }
    await queries.invalidateQueries({ queryKey: ["change-requests", workspace_id] });
  };
  const requests = query.data?.data ?? [];
  return (
    <section className="sheet pad stack-s history before-clicks" aria-label={t("nav.approvals")}>
      <div className="row apart">
        <span>{t("approvals.needs")}</span>
        {canEdit && !requests.some((request) => request.deletes) && (
          <Button look="bad" disabled={busy} onClick={() => askForDeletion()}>
            {t("approvals.askDelete")}
          </Button>
        )}
      </div>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {requests.length > 0 && (
        <>
          <h2>{t("approvals.waiting")}</h2>
          <ul>
            {requests.map((request) => (
              <RequestedChange key={request.id} request={request} named={false} />
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
