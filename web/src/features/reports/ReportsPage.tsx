import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import { api, body } from "../../api/client";
import type { ReportSchedule } from "../../api/types";
import { Button } from "../../design/Button";
import { Failure, Skeleton } from "../../design/Failure";
import { t } from "../../i18n";
import "../../i18n/late";
import { Removal } from "../../lib/Removal";
import { useTitle } from "../../lib/title";
import { say } from "../../lib/toasts";
import { mayEdit, useRole, useWorkspace } from "../../lib/workspace";
import { EditReport } from "./EditReport";
import { NewReport } from "./NewReport";
import { Report } from "./Report";

/** How long until reports are looked at again whose messages go to a webhook, in milliseconds. */
const AGAIN = 3000;

/** What is done to which report. */
type Doing = { what: "edit" | "remove"; report: ReportSchedule };

/** Summaries of clicks that come by themselves, by mail or to a webhook. */
export default function ReportsPage() {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const search = useSearch({ from: "/signed-in/w/$workspace/reports" });
  const navigate = useNavigate({ from: "/w/$workspace/reports" });
  const canEdit = mayEdit(useRole());
  const [doing, setDoing] = useState<Doing>();
  const key = ["reports", workspace.id];
  useTitle(t("nav.reports"), workspace.name);
  const query = useInfiniteQuery({
    queryKey: key,
    initialPageParam: "",
    queryFn: ({ pageParam }) => {
      const paging = { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) };
      const params = { path: { workspace_id: workspace.id }, query: paging };
      return body(api.GET("/v1/workspaces/{workspace_id}/report-schedules", { params }));
    },
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.data.some((report) => report.webhook_url)) ? AGAIN : false,
  });
  const refetch = () => queries.invalidateQueries({ queryKey: key });
  const onClose = () => setDoing(undefined);
  const reports = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.reports")}</h1>
        {canEdit && (
          <Button
            look="main"
            icon={<Plus aria-hidden="true" />}
            onClick={() => void navigate({ search: { add: true } })}
          >
            {t("reports.add")}
          </Button>
        )}
      </div>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton count={3} height={96} />}
      {query.data && reports.length === 0 && (
        <div className="sheet empty">
          <h2>{t("reports.none")}</h2>
          <p>{t("reports.noneText")}</p>
        </div>
      )}
      <ul className="stack-s">
        {reports.map((report) => (
          <Report
            key={report.id}
            report={report}
            canEdit={canEdit}
            refetch={refetch}
            onDo={(what) => setDoing({ what, report })}
          />
        ))}
      </ul>
      {query.hasNextPage && (
        <div className="row section">
          <Button onClick={() => void query.fetchNextPage()} disabled={query.isFetchingNextPage}>
            {t("common.more")}
          </Button>
        </div>
      )}
      {search.add && canEdit && (
        <NewReport
          search={search}
          onSearch={(next) => void navigate({ search: next, replace: true })}
          onClose={() => void navigate({ search: {}, replace: true })}
          refetch={refetch}
        />
      )}
      {doing?.what === "edit" && <EditReport report={doing.report} onClose={onClose} refetch={refetch} />}
      {doing?.what === "remove" && <RemoveReport report={doing.report} onClose={onClose} refetch={refetch} />}
    </>
  );
}

interface RemoveProperties {
  report: ReportSchedule;
  onClose: () => void;
  refetch: () => void;
}

function RemoveReport({ report, onClose, refetch }: RemoveProperties) {
  const path = { workspace_id: useWorkspace().id, report_schedule_id: report.id };
  const remove = async () => {
    await body(api.DELETE("/v1/workspaces/{workspace_id}/report-schedules/{report_schedule_id}", { params: { path } }));
    say(t("reports.removed", { name: report.name }));
    onClose();
    refetch();
  };
  return (
    <Removal
      title={t("reports.removeTitle", { name: report.name })}
      text={t("reports.removeText")}
      name={report.name}
      action={t("common.removeIt")}
      onRemove={remove}
      onClose={onClose}
    />
  );
}
