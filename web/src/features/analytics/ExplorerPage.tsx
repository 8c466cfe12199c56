import { useNavigate, useSearch } from "@tanstack/react-router";
import { t } from "../../i18n";
import { useTitle } from "../../lib/title";
import { useWorkspace } from "../../lib/workspace";
import { Clicks } from "./Clicks";

export default function ExplorerPage() {
  const workspace = useWorkspace();
  const search = useSearch({ from: "/signed-in/w/$workspace/analytics" });
  const navigate = useNavigate({ from: "/w/$workspace/analytics" });
  useTitle(t("nav.analytics"), workspace.name);
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.analytics")}</h1>
      </div>
      <Clicks search={search} onSearch={(next) => void navigate({ search: next })} title={workspace.name} />
    </>
  );
}
