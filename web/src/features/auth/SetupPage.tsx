import { useQueryClient } from "@tanstack/react-query";
import { Link, useRouter } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { bootQuery, useBoot } from "../../api/boot";
import { bff } from "../../api/client";
import { type Problem, problemOf } from "../../api/problem";
import { Button } from "../../design/Button";
import { Field } from "../../design/Field";
import { t } from "../../i18n";
import { slugOf } from "../../lib/slug";
import { useTitle } from "../../lib/workspace";

/** The token is behind the `#`, which browsers send to nobody; it leaves the address once it is read. */
function takeToken(): string {
  const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
  if (token) history.replaceState(history.state, "", location.pathname);
  return token;
}

export default function SetupPage() {
  const boot = useBoot();
  const [token, setToken] = useState("");
  useEffect(() => setToken((before) => takeToken() || before), []);
  useTitle(t("setup.title"));
  return (
    <main className="alone">
      <div className="brand">
        <span className="mark" aria-hidden="true">
          E
        </span>
        Elido
      </div>
      <h1>{t("setup.title")}</h1>
      {boot?.is_set_up ? (
        <>
          <p>{t("setup.done")}</p>
          <Link className="button" data-look="main" to="/sign-in">
            {t("auth.signIn")}
          </Link>
        </>
      ) : token ? (
        <SetupForm token={token} />
      ) : (
        <>
          <p>{t("setup.noToken")}</p>
          <code className="note">elido admin setup-link</code>
        </>
      )}
    </main>
  );
}

function SetupForm({ token }: { token: string }) {
  const queries = useQueryClient();
  const router = useRouter();
  const [value, setValue] = useState({ name: "", email: "", password: "", workspace: "" });
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const set = (field: keyof typeof value) => (text: string) => setValue((old) => ({ ...old, [field]: text }));

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    const workspace = { name: value.workspace, slug: slugOf(value.workspace) || "main" };
    const json = { token, name: value.name, email: value.email, password: value.password, workspace };
    try {
      await bff("/bff/setup", { method: "POST", json });
      await queries.fetchQuery({ ...bootQuery, staleTime: 0 });
      router.history.push("/");
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  };

  const errors = problem?.fields ?? new Map<string, string>();
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      <p>{t("setup.text")}</p>
      {problem && errors.size === 0 && (
        <p className="note" data-look="bad" role="alert">
          {problem.status === 0 ? t("common.noAnswer") : problem.message}
        </p>
      )}
      <Field
        label={t("setup.name")}
        value={value.name}
        onValue={set("name")}
        error={errors.get("/name")}
        autoComplete="name"
        autoFocus
      />
      <Field
        label={t("auth.email")}
        type="email"
        value={value.email}
        onValue={set("email")}
        error={errors.get("/email")}
        autoComplete="username"
        required
      />
      <Field
        label={t("auth.password")}
        type="password"
        value={value.password}
        onValue={set("password")}
        error={errors.get("/password")}
        hint={t("setup.passwordHint")}
        autoComplete="new-password"
        minLength={10}
        maxLength={128}
        required
      />
      <Field
        label={t("setup.workspace")}
        hint={t("setup.workspaceHint")}
        value={value.workspace}
        onValue={set("workspace")}
        error={errors.get("/workspace/name") ?? errors.get("/workspace/slug")}
        maxLength={100}
        required
      />
      <Button look="main" type="submit" disabled={busy}>
        {t("setup.create")}
      </Button>
    </form>
  );
}
