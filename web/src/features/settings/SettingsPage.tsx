import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, body } from "../../api/client";
import { type Problem, problemOf } from "../../api/problem";
import type { Tag } from "../../api/types";
import { Button } from "../../design/Button";
import { Skeleton } from "../../design/Failure";
import { Field } from "../../design/Field";
import { t } from "../../i18n";
import { useTitle } from "../../lib/title";
import { say } from "../../lib/toasts";
import { mayAdminister, mayEdit, useRole, useWorkspace } from "../../lib/workspace";
import { Deletion } from "./Deletion";
import { Erasure } from "./Erasure";
import { Folders } from "./Folders";
import { FreezeWindows } from "./FreezeWindows";
import { keepWorkspace } from "./kept";
import { Leaving } from "./Leaving";
import { NameInPlace } from "./NameInPlace";
import { Privacy } from "./Privacy";
import { Templates } from "./Templates";
import { Transfer } from "./Transfer";

export default function SettingsPage() {
  const workspace = useWorkspace();
  const role = useRole();
  useTitle(t("nav.settings"), workspace.name);
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.settings")}</h1>
      </div>
      <div className="stack" key={workspace.id}>
        {mayAdminister(role) && <Naming />}
        {mayEdit(role) && <Tags />}
        {mayEdit(role) && <Folders />}
        {mayEdit(role) && <Templates />}
        {mayEdit(role) && <FreezeWindows canSet={mayAdminister(role)} />}
        {mayAdminister(role) && <Privacy />}
        {mayAdminister(role) && <Erasure />}
        <Leaving />
        {role === "owner" && <Transfer />}
        {role === "owner" && <Deletion />}
      </div>
    </>
  );
}

function Naming() {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState(workspace.name);
  const [slug, setSlug] = useState(workspace.slug);
  const [problem, setProblem] = useState<Problem>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(undefined);
    try {
      const params = { path: { workspace_id: workspace.id }, header: { "If-Match": `"${workspace.version}"` } };
      const now = await body(api.PATCH("/v1/workspaces/{workspace_id}", { params, body: { name, slug } }));
      await keepWorkspace(queries, now);
      say(t("settings.saved"));
      if (now.slug !== workspace.slug)
        await navigate({ to: "/w/$workspace/settings", params: { workspace: now.slug } });
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  const errors = problem?.fields ?? new Map<string, string>();
  return (
    <form className="sheet pad stack narrow" onSubmit={(event) => void submit(event)}>
      <h2>{t("settings.naming")}</h2>
      {problem && errors.size === 0 && (
        <p className="note" data-look="bad" role="alert">
          {problem.message}
        </p>
      )}
      <Field
        label={t("settings.name")}
        value={name}
        onValue={setName}
        error={errors.get("/name")}
        required
        maxLength={100}
      />
      <Field
        label={t("settings.slug")}
        value={slug}
        onValue={setSlug}
        error={errors.get("/slug")}
        hint={t("settings.slugHint")}
        required
        maxLength={48}
        mono
      />
      <div className="row">
        <Button look="main" type="submit" disabled={name === workspace.name && slug === workspace.slug}>
          {t("common.save")}
        </Button>
      </div>
    </form>
  );
}

function Tags() {
  const workspace = useWorkspace().id;
  const queries = useQueryClient();
  const path = { workspace_id: workspace };
  const query = useQuery({
    queryKey: ["tags", workspace],
    queryFn: () => body(api.GET("/v1/workspaces/{workspace_id}/tags", { params: { path, query: { limit: 100 } } })),
  });
  const attempt = async (request: Promise<unknown>) => {
    try {
      await request;
    } catch (error) {
      say(problemOf(error).message);
    }
    await queries.invalidateQueries({ queryKey: ["tags", workspace] });
    await queries.invalidateQueries({ queryKey: ["home", workspace] });
  };
  const rename = (tag: Tag, name: string) => {
    const params = { path: { ...path, tag_id: tag.id } };
    return attempt(body(api.PATCH("/v1/workspaces/{workspace_id}/tags/{tag_id}", { params, body: { name } })));
  };
  const remove = (tag: Tag) =>
    attempt(
      body(
        api.DELETE("/v1/workspaces/{workspace_id}/tags/{tag_id}", { params: { path: { ...path, tag_id: tag.id } } }),
      ),
    );
  const tags = query.data?.data ?? [];
  return (
    <section className="sheet pad stack-s narrow" aria-label={t("links.tags")}>
      <h2>{t("links.tags")}</h2>
      {query.isPending && <Skeleton />}
      {query.data && tags.length === 0 && <p className="muted">{t("settings.noTags")}</p>}
      {tags.map((tag) => (
        <div key={tag.id} className="row">
          <NameInPlace
            label={t("settings.tagName", { name: tag.name })}
            name={tag.name}
            onName={(name) => rename(tag, name)}
          />
          <Button look="bad" onClick={() => remove(tag)}>
            {t("settings.removeTag")}
          </Button>
        </div>
      ))}
    </section>
  );
}
