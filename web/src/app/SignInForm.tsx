import { type FormEvent, useState } from "react";
import { api, bff, body } from "../api/client";
import { type Problem, problemOf } from "../api/problem";
import { Button } from "../design/Button";
import { Field } from "../design/Field";
import { t } from "../i18n";

interface Step {
  challenge?: string;
}

/** Address and password, then the code of the second factor where there is one. */
export function SignInForm({ onDone }: { onDone: () => void }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [challenge, setChallenge] = useState<string>();
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);

  const signIn = async () => {
    if (challenge) {
      const digits = code.replaceAll(/\s/g, "");
      const answer = /^\d{6}$/.test(digits) ? { code: digits } : { recovery_code: code.trim() };
      await body(api.POST("/v1/auth/sign-in/second-factor", { body: { challenge, cookie: true, ...answer } }));
      return true;
    }
    const step = await bff<Step>("/bff/session", { method: "POST", json: { email, password } });
    setChallenge(step.challenge);
    return !step.challenge;
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      if (await signIn()) onDone();
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      {problem && (
        <p className="note" data-look="bad" role="alert">
          {problem.status === 0 ? t("common.noAnswer") : problem.message}
        </p>
      )}
      {challenge ? (
        <Field
          label={t("auth.code")}
          hint={t("auth.codeHint")}
          value={code}
          onValue={setCode}
          autoComplete="one-time-code"
          autoFocus
          required
          mono
        />
      ) : (
        <>
          <Field
            label={t("auth.email")}
            type="email"
            value={email}
            onValue={setEmail}
            autoComplete="username"
            autoFocus
            required
          />
          <Field
            label={t("auth.password")}
            type="password"
            value={password}
            onValue={setPassword}
            autoComplete="current-password"
            required
          />
        </>
      )}
      <Button look="main" type="submit" disabled={busy}>
        {t("auth.signIn")}
      </Button>
    </form>
  );
}
