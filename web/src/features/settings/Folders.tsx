import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, body } from "../../api/client";
import { problemOf } from "../../api/problem";
import type { Folder } from "../../api/types";
import { Button } from "../../design/Button";
import { Failure, Skeleton } from "../../design/Failure";
import { Field } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { emptied } from "../../lib/sent";
import { useSubmit } from "../../lib/submit";
import { say } from "../../lib/toasts";
import { mayAdminister, useRole, useWorkspace } from "../../lib/workspace";
import { FolderAccessDialog } from "./FolderAccessDialog";
import { NameInPlace } from "./NameInPlace";

export function Folders() {
  const workspace_id = useWorkspace().id;
  const queries = useQueryClient();
  const path = { workspace_id };
  const query = useQuery({
    queryKey: ["folders", workspace_id],
    queryFn: () => body(api.GET("/v1/workspaces/{workspace_id}/folders", { params: { path, query: { limit: 100 } } })),
  });
  const refetch = async () => {
    await queries.invalidateQueries({ queryKey: ["folders", workspace_id] });
    await queries.invalidateQueries({ queryKey: ["home", workspace_id] });
  };
  const [name, setName] = useState("");
  const { submit, busy, problem, errors } = useSubmit(async () => {
    await body(api.POST("/v1/workspaces/{workspace_id}/folders", { params: { path }, body: { name } }));
    setName(emptied(name));
    await refetch();
  });
  const folders = query.data?.data ?? [];
  return (
    <section className="sheet pad stack-s narrow" aria-label={t("folders.title")}>
      <h2>{t("folders.title")}</h2>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton />}
      {query.data && folders.length === 0 && <p className="muted">{t("folders.none")}</p>}
      {folders.map((folder) => (
        <Row key={folder.id} folder={folder} refetch={refetch} />
      ))}
      <form className="with-button" onSubmit={submit}>
        <Field
          label={t("folders.new")}
          value={name}
          onValue={setName}
          error={errors.get("/name") ?? problem?.message}
          maxLength={100}
        />
        <Button type="submit" disabled={busy || name.trim() === ""}>
          {t("folders.make")}
        </Button>
      </form>
    </section>
  );
}

function Row({ folder, refetch }: { folder: Folder; refetch: () => Promise<void> }) {
  const path = { workspace_id: useWorkspace().id, folder_id: folder.id };
  const canOpen = mayAdminister(useRole());
  const [opened, setOpened] = useState(false);
  const isNarrowed = folder.access !== "edit" || folder.members.length > 0;
  const attempt = async (request: Promise<unknown>) => {
    try {
      await request;
    } catch (error) {
      say(problemOf(error).message);
    }
    await refetch();
  };
  const rename = (name: string) => {
    const params = { path, header: { "If-Match": `"${folder.version}"` } };
    return attempt(body(api.PATCH("/v1/workspaces/{workspace_id}/folders/{folder_id}", { params, body: { name } })));
  };
  const remove = () =>
    attempt(body(api.DELETE("/v1/workspaces/{workspace_id}/folders/{folder_id}", { params: { path } })));
  return (
    <div className="row">
      <NameInPlace
        label={t("folders.name", { name: folder.name })}
        name={folder.name}
        maxLength={100}
        onName={rename}
      />
      <span className="small muted">{t("links.count", { count: folder.links })}</span>
      {isNarrowed && <span className="badge">{t("folderAccess.narrowed")}</span>}
      {canOpen && (
        <Button aria-label={t("folderAccess.openFor", { name: folder.name })} onClick={() => setOpened(true)}>
          {t("folderAccess.open")}
        </Button>
      )}
      <Button look="bad" onClick={remove}>
        {t("settings.removeTag")}
      </Button>
      {opened && <FolderAccessDialog folder={folder} onClose={() => setOpened(false)} refetch={refetch} />}
    </div>
  );
}
