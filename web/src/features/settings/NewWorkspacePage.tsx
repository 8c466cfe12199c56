import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { bootQuery } from "../../api/boot";
import { api, body } from "../../api/client";
import { type Problem, problemOf } from "../../api/problem";
import { Button } from "../../design/Button";
import { Field } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { slugOf } from "../../lib/slug";
import { useTitle } from "../../lib/title";
import { DeletedWorkspaces } from "./DeletedWorkspaces";
import { deletedQuery } from "./deleted";

export default function NewWorkspacePage() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [slug, setSlug] = useState<string>();
  const [problem, setProblem] = useState<Problem>();
  const deleted = useQuery(deletedQuery).data?.data ?? [];
  const written = slug ?? slugOf(name);
  useTitle(t("nav.newWorkspace"));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      const made = await body(api.POST("/v1/workspaces", { body: { name, slug: written } }));
      await queries.fetchQuery({ ...bootQuery, staleTime: 0 });
      await navigate({ to: "/w/$workspace/links", params: { workspace: made.slug } });
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  const errors = problem?.fields ?? new Map<string, string>();
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.newWorkspace")}</h1>
      </div>
      <form className="stack narrow" onSubmit={(event) => void submit(event)}>
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
          autoFocus
          required
          maxLength={100}
        />
        <Field
          label={t("settings.slug")}
          value={written}
          onValue={setSlug}
          error={errors.get("/slug")}
          required
          maxLength={48}
          mono
        />
        <div className="row">
          <Button look="main" type="submit">
            {t("settings.create")}
          </Button>
        </div>
      </form>
      {deleted.length > 0 && (
        <section className="stack-s section">
          <h2>{t("ending.title")}</h2>
          <DeletedWorkspaces workspaces={deleted} />
        </section>
      )}
    </>
  );
}
