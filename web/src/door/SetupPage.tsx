import { useState } from "react";
import { bff } from "../api/client";
import type { Boot } from "../api/session";
import { Button } from "../design/Button";
import { Field } from "../design/Field";
import { t } from "../i18n";
import { slugOf } from "../lib/slug";
import { useSubmit } from "../lib/submit";
import { enter, Frame, takeSecret, Wrong } from "./frame";

export function SetupPage({ boot }: { boot: Boot }) {
  const [token] = useState(() => takeSecret("token"));
  return (
    <Frame title={t("setup.title")}>
      {boot.is_set_up ? (
        <>
          <p>{t("setup.done")}</p>
          <a className="button" data-look="main" href="/sign-in">
            {t("auth.signIn")}
          </a>
        </>
      ) : token ? (
        <SetupForm token={token} />
      ) : (
        <>
          <p>{t("setup.noToken")}</p>
          <code className="note">elido admin setup-link</code>
        </>
      )}
    </Frame>
  );
}

function SetupForm({ token }: { token: string }) {
  const [value, setValue] = useState({ name: "", email: "", password: "", workspace: "" });
  const set = (field: keyof typeof value) => (text: string) => setValue((old) => ({ ...old, [field]: text }));
  const { submit, busy, problem, errors } = useSubmit(async () => {
    const workspace = { name: value.workspace, slug: slugOf(value.workspace) || "main" };
    const json = { token, name: value.name, email: value.email, password: value.password, workspace };
    await bff("/bff/setup", { method: "POST", json });
    enter();
  });
  return (
    <form className="stack" onSubmit={submit}>
      <p>{t("setup.text")}</p>
      {errors.size === 0 && <Wrong problem={problem} />}
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
