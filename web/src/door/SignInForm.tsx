import { useState } from "react";
import { api, bff, body } from "../api/client";
import { Button } from "../design/Button";
import { Field } from "../design/Field";
import { t } from "../i18n";
import { useSubmit } from "../lib/submit";
import { Wrong } from "./frame";

interface Step {
  challenge?: string;
}

/** Address and password, then the code of the second factor where there is one. */
export function SignInForm({ onDone }: { onDone: () => void }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [challenge, setChallenge] = useState<string>();
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
  const { submit, busy, problem } = useSubmit(async () => {
    if (await signIn()) onDone();
  });

  return (
    <form className="stack" onSubmit={submit}>
      <Wrong problem={problem} />
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
