import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Undo2 } from "lucide-react";
import { useState } from "react";
import { api, body } from "../../api/client";
import { problemOf } from "../../api/problem";
import type { DeletedLink } from "../../api/types";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Failure, Skeleton } from "../../design/Failure";
import { Field } from "../../design/Field";
import { t } from "../../i18n";
import { date, dateTime, relative } from "../../lib/format";
import { useSubmit } from "../../lib/submit";
import { useTitle } from "../../lib/title";
import { say } from "../../lib/toasts";
import { mayEdit, useRole, useWorkspace } from "../../lib/workspace";

/** Links that were deleted, for as long as they can come back. */
export default function BinPage() {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const canEdit = mayEdit(useRole());
  const [purging, setPurging] = useState<DeletedLink>();
  const [taken, setTaken] = useState<DeletedLink>();
  const key = ["bin", workspace.id];
  useTitle(t("bin.title"), workspace.name);
  const query = useInfiniteQuery({
    queryKey: key,
    initialPageParam: "",
    queryFn: ({ pageParam }) => {
      const paging = { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) };
      const params = { path: { workspace_id: workspace.id }, query: paging };
      return body(api.GET("/v1/workspaces/{workspace_id}/deleted-links", { params }));
    },
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const refetch = async () => {
    await queries.invalidateQueries({ queryKey: key });
    await queries.invalidateQueries({ queryKey: ["links", workspace.id] });
    await queries.invalidateQueries({ queryKey: ["links-count", workspace.id] });
  };
  const restore = async (link: DeletedLink) => {
    try {
      await bringBack(workspace.id, link.id);
      say(t("bin.restored", { link: link.slug }));
    } catch (error) {
      const problem = problemOf(error);
      if (problem.status === 409) setTaken(link);
      else say(problem.message);
    }
    await refetch();
  };
  const links = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <>
      <div className="page-head">
        <h1>{t("bin.title")}</h1>
      </div>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton count={4} />}
      {query.data && links.length === 0 && (
        <div className="sheet empty">
          <p>{t("bin.none")}</p>
        </div>
      )}
      <ul className="stack-s">
        {links.map((link) => (
          <li key={link.id} className="sheet pad row apart">
            <div className="grow">
              <strong className="mono">{link.domain ? `${link.domain}/${link.slug}` : link.slug}</strong>
              <div className="cut muted">{link.destination_url}</div>
              <div className="small muted">
                <time dateTime={link.deleted_at} title={dateTime(link.deleted_at)}>
                  {t("bin.deleted", { when: relative(link.deleted_at) })}
                </time>{" "}
                · {t("bin.until", { when: date(link.purge_at) })}
              </div>
            </div>
            {canEdit && (
              <div className="row">
                <Button icon={<Undo2 aria-hidden="true" />} onClick={() => restore(link)}>
                  {t("bin.restore")}
                </Button>
                <Button look="bad" onClick={() => setPurging(link)}>
                  {t("bin.purge")}
                </Button>
              </div>
            )}
          </li>
        ))}
      </ul>
      {query.hasNextPage && <Button onClick={() => void query.fetchNextPage()}>{t("common.more")}</Button>}
      {purging && <Purge link={purging} onClose={() => setPurging(undefined)} onDone={refetch} />}
      {taken && <OtherSlug link={taken} onClose={() => setTaken(undefined)} onDone={refetch} />}
    </>
  );
}

function bringBack(workspace_id: string, link_id: string, slug?: string) {
  const params = { path: { workspace_id, link_id } };
  return body(
    api.POST("/v1/workspaces/{workspace_id}/deleted-links/{link_id}/restore", {
      params,
      body: slug === undefined ? {} : { slug },
    }),
  );
}

interface DialogProperties {
  link: DeletedLink;
  onClose: () => void;
  onDone: () => Promise<void>;
}

/** What cannot be undone is asked about. */
function Purge({ link, onClose, onDone }: DialogProperties) {
  const workspace_id = useWorkspace().id;
  const [typed, setTyped] = useState("");
  const { submit, busy, problem } = useSubmit(async () => {
    const params = { path: { workspace_id, link_id: link.id } };
    await body(api.DELETE("/v1/workspaces/{workspace_id}/deleted-links/{link_id}", { params }));
    onClose();
    await onDone();
  });
  return (
    <Dialog open onClose={onClose} title={t("bin.purgeTitle", { link: link.slug })}>
      <form className="stack" onSubmit={submit}>
        <p>{t("bin.purgeText")}</p>
        {problem && <Failure error={problem} />}
        <Field label={t("common.typeName", { name: link.slug })} value={typed} onValue={setTyped} mono />
        <div className="row">
          <Button look="bad" type="submit" disabled={busy || typed !== link.slug}>
            {t("bin.purge")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Another link has the slug by now. */
function OtherSlug({ link, onClose, onDone }: DialogProperties) {
  const workspace = useWorkspace().id;
  const [slug, setSlug] = useState(`${link.slug}-2`);
  const { submit, busy, problem, errors } = useSubmit(async () => {
    await bringBack(workspace, link.id, slug.trim());
    say(t("bin.restored", { link: slug.trim() }));
    onClose();
    await onDone();
  });
  return (
    <Dialog open onClose={onClose} title={t("bin.takenTitle")}>
      <form className="stack" onSubmit={submit}>
        <p>{t("bin.takenText", { link: link.slug })}</p>
        {problem && errors.size === 0 && <Failure error={problem} />}
        <Field label={t("editor.slug")} value={slug} onValue={setSlug} error={errors.get("/slug")} required mono />
        <div className="row">
          <Button look="main" type="submit" disabled={busy}>
            {t("bin.restore")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
