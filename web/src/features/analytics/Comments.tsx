import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useBoot } from "../../api/boot";
import { api, body } from "../../api/client";
import { problemOf } from "../../api/problem";
import type { LinkComment } from "../../api/types";
import { Button } from "../../design/Button";
import { Failure, Skeleton } from "../../design/Failure";
import { TextArea } from "../../design/Field";
import { t } from "../../i18n";
import { dateTime, relative } from "../../lib/format";
import { useAuthorName } from "../../lib/people";
import { emptied } from "../../lib/sent";
import { useSubmit } from "../../lib/submit";
import { say } from "../../lib/toasts";
import { mayAdminister, useRole, useWorkspace } from "../../lib/workspace";

const LENGTH_MAX = 2000;

/** What the team says about a link. */
export function Comments({ link, canEdit }: { link: string; canEdit: boolean }) {
  const workspace = useWorkspace().id;
  const queries = useQueryClient();
  const path = { workspace_id: workspace, link_id: link };
  const key = ["comments", workspace, link];
  const query = useInfiniteQuery({
    queryKey: key,
    initialPageParam: "",
    queryFn: ({ pageParam }) => {
      const paging = { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) };
      const params = { path, query: paging };
      return body(api.GET("/v1/workspaces/{workspace_id}/links/{link_id}/comments", { params }));
    },
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const [text, setText] = useState("");
  const { submit, busy, problem, errors } = useSubmit(async () => {
    await body(
      api.POST("/v1/workspaces/{workspace_id}/links/{link_id}/comments", { params: { path }, body: { text } }),
    );
    setText(emptied(text));
    await queries.invalidateQueries({ queryKey: key });
  });
  const comments = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <section className="sheet pad stack-s history" aria-label={t("comments.title")}>
      <h2>{t("comments.title")}</h2>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton />}
      {query.data && comments.length === 0 && <p className="muted">{t("comments.none")}</p>}
      <ul className="stack-s">
        {comments.map((comment) => (
          <Comment
            key={comment.id}
            comment={comment}
            onChange={() => void queries.invalidateQueries({ queryKey: key })}
          />
        ))}
      </ul>
      {query.hasNextPage && <Button onClick={() => void query.fetchNextPage()}>{t("common.more")}</Button>}
      {canEdit && (
        <form className="stack-s" onSubmit={submit}>
          {problem && errors.size === 0 && <Failure error={problem} />}
          <TextArea
            label={t("comments.add")}
            value={text}
            onValue={setText}
            error={errors.get("/text")}
            maxLength={LENGTH_MAX}
          />
          <div className="row">
            <Button type="submit" disabled={busy || text.trim() === ""}>
              {t("comments.send")}
            </Button>
          </div>
        </form>
      )}
    </section>
  );
}

function Comment({ comment, onChange }: { comment: LinkComment; onChange: () => void }) {
  const workspace_id = useWorkspace().id;
  const isMine = useBoot()?.user?.id === comment.author;
  const mayRemove = mayAdminister(useRole()) || isMine;
  const name = useAuthorName(comment.author);
  const [editing, setEditing] = useState<string>();
  const path = { workspace_id, link_id: comment.link_id, comment_id: comment.id };
  const attempt = async (request: Promise<unknown>, sent?: string) => {
    try {
      await request;
      setEditing((now) => (now === sent ? undefined : now));
    } catch (error) {
      say(problemOf(error).message);
    }
    onChange();
  };
  const save = (text: string) => {
    const params = { path, header: { "If-Match": `"${comment.version}"` } };
    return attempt(
      body(
        api.PATCH("/v1/workspaces/{workspace_id}/links/{link_id}/comments/{comment_id}", { params, body: { text } }),
      ),
      text,
    );
  };
  const remove = () =>
    attempt(
      body(api.DELETE("/v1/workspaces/{workspace_id}/links/{link_id}/comments/{comment_id}", { params: { path } })),
    );
  return (
    <li className="stack-s">
      <div className="row apart">
        <span className="small">
          <b>{name}</b>{" "}
          <time className="muted" dateTime={comment.created_at} title={dateTime(comment.created_at)}>
            {relative(comment.created_at)}
          </time>
        </span>
        <div className="row">
          {isMine && editing === undefined && (
            <Button look="plain" onClick={() => setEditing(comment.text)}>
              {t("links.edit")}
            </Button>
          )}
          {mayRemove && (
            <Button look="plain" onClick={() => remove()}>
              {t("common.removeIt")}
            </Button>
          )}
        </div>
      </div>
      {editing === undefined ? (
        <p className="said">{comment.text}</p>
      ) : (
        <div className="stack-s">
          <TextArea label={t("comments.title")} value={editing} onValue={setEditing} maxLength={LENGTH_MAX} />
          <div className="row">
            <Button disabled={editing.trim() === ""} onClick={() => save(editing)}>
              {t("common.save")}
            </Button>
            <Button onClick={() => setEditing(undefined)}>{t("common.cancel")}</Button>
          </div>
        </div>
      )}
    </li>
  );
}
