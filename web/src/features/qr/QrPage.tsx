import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link as To, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Download } from "lucide-react";
import { api, body } from "../../api/client";
import type { Link } from "../../api/types";
import { Copy } from "../../design/Copy";
import { Failure, Skeleton } from "../../design/Failure";
import { t } from "../../i18n";
import type { QrSearch } from "../../lib/qr-search";
import { useSettled } from "../../lib/settled";
import { useTitle } from "../../lib/title";
import { useWorkspace } from "../../lib/workspace";
import { Style } from "./Style";

const FORMATS = ["svg", "png", "pdf"] as const;

export default function QrPage() {
  const workspace = useWorkspace();
  const { link: id } = useParams({ from: "/signed-in/w/$workspace/links/$link/qr" });
  const params = { path: { workspace_id: workspace.id, link_id: id } };
  const query = useQuery({
    queryKey: ["link-detail", workspace.id, id],
    queryFn: () => body(api.GET("/v1/workspaces/{workspace_id}/links/{link_id}", { params })),
  });
  useTitle(t("qr.title"), workspace.name);
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <Skeleton count={4} height={64} />;
  return <Designer link={query.data} />;
}

function Designer({ link }: { link: Link }) {
  const workspace = useWorkspace();
  const style = useSearch({ from: "/signed-in/w/$workspace/links/$link/qr" });
  const navigate = useNavigate({ from: "/w/$workspace/links/$link/qr" });
  const shown = link.short_url.replace(/^https?:\/\//, "");
  const set = (change: Partial<QrSearch>) => void navigate({ search: (old) => ({ ...old, ...change }), replace: true });
  return (
    <>
      <div className="page-head">
        <div className="stack-s grow">
          <h1>{t("qr.title")}</h1>
          <div className="row">
            <To className="mono" to="/w/$workspace/links/$link" params={{ workspace: workspace.slug, link: link.id }}>
              {shown}
            </To>
            <Copy text={link.short_url} />
          </div>
        </div>
      </div>
      <div className="designer">
        <Style style={style} set={set} />
        <Picture link={link} style={style} />
      </div>
    </>
  );
}

/** The code as the server draws it: the same one that is downloaded. */
function Picture({ link, style }: { link: Link; style: QrSearch }) {
  const workspace = useWorkspace().id;
  const settled = useSettled(style, 150);
  const query = useQuery({
    queryKey: ["qr", workspace, link.id, settled],
    placeholderData: keepPreviousData,
    retry: false,
    queryFn: async () => {
      const { foreground = null, background = null, error_correction = null, quiet_zone = null } = settled;
      const chosen = { foreground, background, error_correction, quiet_zone, format: "svg" as const };
      const draft = { domain: link.domain, slug: link.slug, style: chosen };
      const params = { path: { workspace_id: workspace } };
      return body(api.POST("/v1/workspaces/{workspace_id}/qr", { params, body: draft, parseAs: "text" }));
    },
  });
  const address = (format: string) => {
    const chosen = Object.entries(style).map(([name, value]): [string, string] => [name, String(value)]);
    const asked = new URLSearchParams([...chosen, ["format", format]]);
    return `/v1/workspaces/${workspace}/links/${link.id}/qr?${asked}`;
  };
  return (
    <section className="stack" aria-label={t("qr.code")}>
      {query.isError && <Failure error={query.error} />}
      {query.isPending && <Skeleton height={280} />}
      {query.data && !query.isError && (
        <>
          <img
            className="qr"
            src={`data:image/svg+xml,${encodeURIComponent(query.data)}`}
            alt={t("qr.picture", { link: link.short_url })}
          />
          <div className="row">
            {FORMATS.map((format) => (
              <a key={format} className="button" href={address(format)} download>
                <Download aria-hidden="true" />
                {t("qr.download", { format: format.toUpperCase() })}
              </a>
            ))}
          </div>
          <p className="small muted">{t("qr.printed")}</p>
        </>
      )}
    </section>
  );
}
