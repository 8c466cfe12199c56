import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { api, body } from "../../api/client";
import { withDetail } from "../../api/problem";
import type { ClickExport } from "../../api/types";
import { Button } from "../../design/Button";
import { Failure, Skeleton } from "../../design/Failure";
import { Choice } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { spanOf, whichQueryOf } from "../../lib/clicks-search";
import { FiltersSaid } from "../../lib/FiltersSaid";
import { OwnPeriod } from "../../lib/OwnPeriod";
import { myZone } from "../../lib/preferences";
import { useSubmit } from "../../lib/submit";
import { useTitle } from "../../lib/title";
import { WhichClicks } from "../../lib/WhichClicks";
import { WrittenFile } from "../../lib/WrittenFile";
import { useWorkspace } from "../../lib/workspace";

/** How long until a file that is being written is looked at again, in milliseconds. */
const AGAIN = 1000;
const FORMATS = ["csv", "ndjson", "parquet"] as const;
type Format = (typeof FORMATS)[number];

/** Files of clicks: asked for, followed while they are written, and fetched. */
export default function ExportsPage() {
  const workspace = useWorkspace();
  const key = ["click-exports", workspace.id];
  useTitle(t("nav.exports"), workspace.name);
  const query = useQuery({
    queryKey: key,
    queryFn: () => {
      const params = { path: { workspace_id: workspace.id }, query: { limit: 100 } };
      return body(api.GET("/v1/workspaces/{workspace_id}/click-exports", { params }));
    },
    refetchInterval: ({ state }) => (state.data?.data.some((one) => one.state === "pending") ? AGAIN : false),
  });
  const files = query.data?.data ?? [];
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.exports")}</h1>
      </div>
      <div className="stack">
        <Asking queryKey={key} />
        {query.isPending && <Skeleton count={2} />}
        {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
        {query.data && files.length === 0 && (
          <div className="sheet empty">
            <h2>{t("exports.none")}</h2>
            <p>{t("exports.noneText")}</p>
          </div>
        )}
        {files.length > 0 && (
          <ul className="stack-s" aria-label={t("exports.all")}>
            {files.map((file) => (
              <Row key={file.id} file={file} />
            ))}
          </ul>
        )}
      </div>
    </>
  );
}

function Asking({ queryKey }: { queryKey: string[] }) {
  const workspace_id = useWorkspace().id;
  const queries = useQueryClient();
  const search = useSearch({ from: "/signed-in/w/$workspace/exports" });
  const navigate = useNavigate({ from: "/w/$workspace/exports" });
  const [format, setFormat] = useState<Format>("csv");
  const zone = search.zone ?? myZone();
  const span = spanOf(search, zone);
  const { submit, busy, problem, errors } = useSubmit(async () => {
    const filters = whichQueryOf(search);
    filters.set("from", span.from);
    filters.set("to", span.to);
    const draft = { format, filters: filters.toString() };
    const params = { path: { workspace_id } };
    await body(api.POST("/v1/workspaces/{workspace_id}/click-exports", { params, body: draft }));
    await queries.invalidateQueries({ queryKey });
  });
  return (
    <form className="sheet pad stack" onSubmit={submit} aria-label={t("exports.ask")}>
      <p>{t("exports.about")}</p>
      {problem && <Failure error={withDetail(problem, [...errors.values()][0])} />}
      <div className="row">
        <OwnPeriod
          from={span.from}
          to={span.to}
          zone={zone}
          onPeriod={(period) => void navigate({ search: { ...search, ...period, period: undefined }, replace: true })}
        />
        <span className="small muted">{zone}</span>
      </div>
      <WhichClicks search={search} onSearch={(next) => void navigate({ search: next, replace: true })} />
      <div className="narrow">
        <Choice
          label={t("exports.format")}
          value={format}
          onValue={(value) => setFormat(value as Format)}
          options={FORMATS.map((name) => [name, t(`exports.${name}`)])}
        />
      </div>
      <div className="row">
        <Button look="main" type="submit" disabled={busy}>
          {t("exports.ask")}
        </Button>
      </div>
    </form>
  );
}

function Row({ file }: { file: ClickExport }) {
  const params = { path: { workspace_id: useWorkspace().id, click_export_id: file.id } };
  return (
    <WrittenFile
      file={file}
      title={t(`exports.${file.format}`)}
      find={() => body(api.GET("/v1/workspaces/{workspace_id}/click-exports/{click_export_id}/link", { params }))}
    >
      <FiltersSaid filters={file.filters} />
    </WrittenFile>
  );
}
