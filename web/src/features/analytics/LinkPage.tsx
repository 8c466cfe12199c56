import { useQuery } from "@tanstack/react-query";
import { Link as To, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ExternalLink, Pencil, QrCode } from "lucide-react";
import { api, body } from "../../api/client";
import { Copy } from "../../design/Copy";
import { Failure, Skeleton } from "../../design/Failure";
import { t } from "../../i18n";
import "../../i18n/late";
import { budgetText } from "../../lib/budget";
import { FreezeNote } from "../../lib/FreezeNote";
import { useTitle } from "../../lib/title";
import { mayEdit, useRole, useWorkspace } from "../../lib/workspace";
import { Approvals } from "./Approvals";
import { Clicks } from "./Clicks";
import { Comments } from "./Comments";
import { History } from "./History";

export default function LinkPage() {
  const workspace = useWorkspace();
  const { link: id } = useParams({ from: "/signed-in/w/$workspace/links/$link" });
  const search = useSearch({ from: "/signed-in/w/$workspace/links/$link" });
  const navigate = useNavigate({ from: "/w/$workspace/links/$link" });
  const canEdit = mayEdit(useRole());
  const params = { path: { workspace_id: workspace.id, link_id: id } };
  const query = useQuery({
    queryKey: ["link-detail", workspace.id, id],
    queryFn: () => body(api.GET("/v1/workspaces/{workspace_id}/links/{link_id}", { params })),
  });
  const link = query.data;
  const shown = link?.short_url.replace(/^https?:\/\//, "");
  useTitle(link?.title || shown || t("nav.links"), workspace.name);
  if (query.isError && !link) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (!link) return <Skeleton count={4} height={64} />;
  return (
    <>
      <div className="page-head">
        <div className="stack-s grow">
          <h1 className="cut">{link.title || shown}</h1>
          <div className="row">
            <strong className="mono">{shown}</strong>
            <Copy text={link.short_url} />
            <span className="cut muted grow">→ {link.destination_url}</span>
          </div>
        </div>
        <div className="row">
          <a className="button" href={link.short_url} target="_blank" rel="noreferrer">
            <ExternalLink aria-hidden="true" />
            {t("links.open")}
          </a>
          <To className="button" to="/w/$workspace/links/$link/qr" params={{ workspace: workspace.slug, link: id }}>
            <QrCode aria-hidden="true" />
            {t("qr.title")}
          </To>
          {canEdit && (
            <To className="button" to="/w/$workspace/links/$link/edit" params={{ workspace: workspace.slug, link: id }}>
              <Pencil aria-hidden="true" />
              {t("links.edit")}
            </To>
          )}
        </div>
      </div>
      <FreezeNote folder={link.folder_id ?? null} />
      {link.budget_use && (
        <p className="row small before-clicks">
          <b>{t("budget.title")}</b>
          <meter
            min={0}
            max={link.budget_use.used + link.budget_use.left}
            value={link.budget_use.used}
            aria-label={t("budget.title")}
          />
          <span>{budgetText(link.budget_use)}</span>
        </p>
      )}
      <Approvals link={link} canEdit={canEdit} />
      <Clicks
        search={search}
        onSearch={(next) => void navigate({ search: next })}
        link={id}
        title={link.title || (shown ?? "")}
      />
      <Comments link={id} canEdit={canEdit} />
      <History link={link} canEdit={canEdit} />
    </>
  );
}
