import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useBoot } from "../../api/boot";
import { api, body } from "../../api/client";
import { problemOf } from "../../api/problem";
import type { QueryLimits, QueryLimitsPatch } from "../../api/types";
import { Button } from "../../design/Button";
import { Failure, Skeleton } from "../../design/Failure";
import { Field } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { number } from "../../lib/format";
import { useSubmit } from "../../lib/submit";
import { say } from "../../lib/toasts";
import { AdminFrame } from "./AdminFrame";

export default function LimitsPage() {
  return (
    <AdminFrame title={t("admin.limits")}>
      <Limits />
    </AdminFrame>
  );
}

const isId = (text: string) => /^ws_[0-9a-f]{32}$/.test(text);

/** What questions about the clicks of a workspace may take, of whichever is named. */
function Limits() {
  const { workspace = "" } = useSearch({ from: "/signed-in/admin/query-limits" });
  const navigate = useNavigate({ from: "/admin/query-limits" });
  const own = useBoot()?.workspaces ?? [];
  const choose = (id: string) => void navigate({ search: id ? { workspace: id } : {}, replace: true });
  const query = useQuery({
    queryKey: ["query-limits", workspace],
    enabled: isId(workspace),
    queryFn: () => {
      const params = { path: { workspace_id: workspace } };
      return body(api.GET("/v1/admin/workspaces/{workspace_id}/query-limits", { params }));
    },
  });
  return (
    <div className="stack">
      <p>{t("limits.about")}</p>
      <div className="stack-s narrow">
        <Field
          label={t("limits.workspace")}
          hint={t("limits.workspaceHint")}
          error={workspace && !isId(workspace) ? t("limits.noId") : undefined}
          value={workspace}
          onValue={(text) => choose(text.trim())}
          maxLength={35}
          mono
        />
        <div className="row">
          {own.map(({ id, name }) => (
            <Button key={id} aria-pressed={id === workspace} onClick={() => choose(id)}>
              {name}
            </Button>
          ))}
        </div>
      </div>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isLoading && <Skeleton count={3} height={64} />}
      {query.data && <LimitsForm key={JSON.stringify(query.data)} limits={query.data} />}
    </div>
  );
}

const textOf = (value: number | null | undefined) => (value == null ? "" : String(value));
const numberOf = (text: string) => (text.trim() === "" ? null : Number(text));

function LimitsForm({ limits }: { limits: QueryLimits }) {
  const queries = useQueryClient();
  const [seconds, setSeconds] = useState(textOf(limits.seconds_max));
  const [clicks, setClicks] = useState(textOf(limits.clicks_max));
  const [atOnce, setAtOnce] = useState(textOf(limits.queries_max));
  const params = { path: { workspace_id: limits.workspace_id } };
  const set = async (patch: QueryLimitsPatch) => {
    const now = await body(api.PATCH("/v1/admin/workspaces/{workspace_id}/query-limits", { params, body: patch }));
    queries.setQueryData(["query-limits", limits.workspace_id], now);
    // What was refused may be answered now.
    await queries.invalidateQueries({ queryKey: ["clicks", limits.workspace_id] });
  };
  const undo = () => {
    const { seconds_max = null, clicks_max = null, queries_max = null } = limits;
    set({ seconds_max, clicks_max, queries_max }).catch((error: unknown) => say(problemOf(error).message));
  };
  const { submit, busy, problem, errors } = useSubmit(async () => {
    await set({ seconds_max: numberOf(seconds), clicks_max: numberOf(clicks), queries_max: numberOf(atOnce) });
    say(t("limits.saved"), undo);
  });
  const { effective } = limits;
  const fields = [
    ["seconds", seconds, setSeconds, effective.seconds_max, "/seconds_max"],
    ["clicks", clicks, setClicks, effective.clicks_max, "/clicks_max"],
    ["queries", atOnce, setAtOnce, effective.queries_max, "/queries_max"],
  ] as const;
  return (
    <form className="sheet pad stack narrow" onSubmit={submit} aria-label={t("admin.limits")}>
      {problem && errors.size === 0 && <Failure error={problem} />}
      {fields.map(([name, value, onValue, holds, pointer]) => (
        <Field
          key={name}
          label={t(`limits.${name}`)}
          hint={t("limits.holds", { value: number(holds) })}
          type="number"
          min={1}
          step={1}
          value={value}
          onValue={onValue}
          error={errors.get(pointer)}
        />
      ))}
      <div className="row">
        <Button look="main" type="submit" disabled={busy}>
          {t("common.save")}
        </Button>
      </div>
    </form>
  );
}
