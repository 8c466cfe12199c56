import { useQuery } from "@tanstack/react-query";
import { Link as To } from "@tanstack/react-router";
import { Failure, Skeleton } from "../../design/Failure";
import { t } from "../../i18n";
import "../../i18n/late";
import { useTitle } from "../../lib/title";
import { DeletedWorkspaces } from "./DeletedWorkspaces";
import { deletedQuery } from "./deleted";

export default function DeletedPage() {
  const query = useQuery(deletedQuery);
  const workspaces = query.data?.data ?? [];
  useTitle(t("ending.title"));
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{t("ending.title")}</h1>
          <p className="muted">{t("ending.owners")}</p>
        </div>
        <To className="button" to="/new-workspace">
          {t("nav.newWorkspace")}
        </To>
      </div>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton count={2} />}
      {query.data && workspaces.length === 0 && (
        <div className="sheet empty">
          <p>{t("ending.none")}</p>
        </div>
      )}
      {workspaces.length > 0 && <DeletedWorkspaces workspaces={workspaces} />}
    </>
  );
}
