import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { bootQuery, useBoot } from "../../api/boot";
import { api, body } from "../../api/client";
import { type Problem, problemOf } from "../../api/problem";
import { Button } from "../../design/Button";
import { Field } from "../../design/Field";
import { t } from "../../i18n";
import { say } from "../../lib/toasts";

/** A new password ends every other session, and gives this one a new secret. */
export function Password() {
  const queries = useQueryClient();
  const email = useBoot()?.user?.email ?? "";
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(undefined);
    try {
      await body(api.PUT("/v1/me/password", { body: { password: old, new_password: fresh } }));
      await queries.fetchQuery({ ...bootQuery, staleTime: 0 });
      setOld("");
      setFresh("");
      say(t("me.passwordChanged"));
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  const errors = problem?.fields ?? new Map<string, string>();
  return (
    <form className="sheet pad stack narrow" onSubmit={(event) => void submit(event)}>
      <h2>{t("me.password")}</h2>
      {/* For password managers, which want to know whose it is. */}
      <input type="email" autoComplete="username" value={email} readOnly hidden />
      {problem && errors.size === 0 && (
        <p className="note" data-look="bad" role="alert">
          {problem.message}
        </p>
      )}
      <Field
        label={t("me.oldPassword")}
        type="password"
        value={old}
        onValue={setOld}
        error={errors.get("/password")}
        autoComplete="current-password"
        required
      />
      <Field
        label={t("me.newPassword")}
        type="password"
        value={fresh}
        onValue={setFresh}
        error={errors.get("/new_password")}
        hint={t("me.passwordEnds")}
        autoComplete="new-password"
        minLength={10}
        required
      />
      <div className="row">
        <Button look="main" type="submit">
          {t("me.changePassword")}
        </Button>
      </div>
    </form>
  );
}
