import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Failure, Skeleton } from "../../design/Failure";
import { t } from "../../i18n";
import "../../i18n/late";
import { requestsQuery } from "../../lib/approvals";
import { RequestedChange } from "../../lib/ChangeRequests";
import { useTitle } from "../../lib/title";
import { useWorkspace } from "../../lib/workspace";

const STATES = ["pending", "approved", "refused", "withdrawn", "expired"] as const;
type State = (typeof STATES)[number];

/** Changes of links that need a second person: those that wait, or those that something became of. */
export default function ApprovalsPage() {
  const workspace = useWorkspace();
  const { state = "pending" } = useSearch({ from: "/signed-in/w/$workspace/approvals" });
  const navigate = useNavigate({ from: "/w/$workspace/approvals" });
  const query = useQuery(requestsQuery(workspace.id, { state }));
  useTitle(t("nav.approvals"), workspace.name);
  const choose = (next: State) => void navigate({ search: next === "pending" ? {} : { state: next } });
  const requests = query.data?.data ?? [];
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.approvals")}</h1>
        <select
          className="input pick"
          aria-label={t("approvals.which")}
          value={state}
          onChange={(event) => choose(event.target.value as State)}
        >
          {STATES.map((name) => (
            <option key={name} value={name}>
              {t(`approvals.${name}`)}
            </option>
          ))}
        </select>
      </div>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton count={3} height={96} />}
      {query.data && requests.length === 0 && (
        <div className="sheet empty">
          <p>{t("approvals.none")}</p>
          <p className="muted">{t("approvals.noneText")}</p>
        </div>
      )}
      {requests.length > 0 && (
        <ul className="sheet requests">
          {requests.map((request) => (
            <RequestedChange key={request.id} request={request} named />
          ))}
        </ul>
      )}
    </>
  );
}
