import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { bff } from "../../api/client";
import type { Breakdown } from "../../api/types";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Failure, Skeleton } from "../../design/Failure";
import { Field } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import type { Filter } from "../../lib/clicks-search";
import { number } from "../../lib/format";
import { useWorkspace } from "../../lib/workspace";
import { Values } from "./Values";

/** How many values `/v1` lists at most. */
const MOST = 100;

interface Properties {
  dimension: Filter;
  /** Which clicks, as a query of `/v1`. */
  query: URLSearchParams;
  total: number;
  chosen: string[];
  onCondition: (condition: string) => void;
  nameOf: (dimension: Filter, value: string | null) => string;
  onClose: () => void;
}

/** More values of a dimension than a panel has room for, to be searched and chosen from. */
export default function AllValues({ dimension, query, total, chosen, onCondition, nameOf, onClose }: Properties) {
  const workspace = useWorkspace().id;
  const [sought, setSought] = useState("");
  const asked = new URLSearchParams(query);
  for (const name of ["interval", "time_zone", "compare"]) asked.delete(name);
  asked.set("dimension", dimension);
  asked.set("limit", String(MOST));
  const answer = useQuery({
    queryKey: ["clicks", workspace, "all", asked.toString()],
    queryFn: () => bff<Breakdown>(`/v1/workspaces/${workspace}/analytics/breakdown?${asked}`),
  });
  const wanted = sought.trim().toLowerCase();
  const rows = (answer.data?.data ?? []).filter((row) =>
    nameOf(dimension, row.value ?? null)
      .toLowerCase()
      .includes(wanted),
  );
  const other = answer.data?.other;
  return (
    <Dialog open onClose={onClose} title={t(`dimension.${dimension}`)} wide>
      <Field label={t("values.search")} type="search" value={sought} onValue={setSought} />
      {answer.isPending && <Skeleton count={8} height={30} />}
      {answer.isError && <Failure error={answer.error} onRetry={() => void answer.refetch()} />}
      {answer.data && rows.length === 0 && <p className="muted">{t("values.none")}</p>}
      <Values
        dimension={dimension}
        rows={rows}
        total={total}
        chosen={chosen}
        onCondition={(condition) => {
          onCondition(condition);
          onClose();
        }}
        nameOf={nameOf}
      />
      {other && other.clicks > 0 && (
        <p className="small muted">{t("analytics.others", { count: other.values, clicks: number(other.clicks) })}</p>
      )}
      <div className="row">
        <Button onClick={onClose}>{t("common.close")}</Button>
      </div>
    </Dialog>
  );
}
