import { useState } from "react";
import { api, body } from "../api/client";
import { Button } from "../design/Button";
import { t } from "../i18n";
import { useSubmit } from "../lib/submit";
import { CodeField, NewPasswordField } from "./fields";
import { Frame, takeSecret, Wrong } from "./frame";

/** Where the mail about a forgotten password leads. */
export function ResetPage() {
  const [mailed] = useState(() => takeSecret("code"));
  const [code, setCode] = useState(mailed);
  const [password, setPassword] = useState("");
  const [done, setDone] = useState(false);
  const { submit, busy, problem, errors } = useSubmit(async () => {
    await body(api.POST("/v1/auth/password-reset/confirm", { body: { code: code.trim(), new_password: password } }));
    setDone(true);
  });
  return (
    <Frame title={t("door.newPassword")}>
      {done ? (
        <>
          <p role="status">{t("door.resetDone")}</p>
          <a className="button" data-look="main" href="/sign-in">
            {t("auth.signIn")}
          </a>
        </>
      ) : (
        <form className="stack" onSubmit={submit}>
          {errors.size === 0 && <Wrong problem={problem} />}
          {!mailed && <CodeField value={code} onValue={setCode} error={errors.get("/code")} />}
          {/* Password managers look for whom the password is; the mail does not say. */}
          <input hidden readOnly autoComplete="username" value="" />
          <NewPasswordField value={password} onValue={setPassword} error={errors.get("/new_password")} />
          <Button look="main" type="submit" disabled={busy}>
            {t("door.setPassword")}
          </Button>
          {mailed && problem && (
            <p>
              <a href="/forgotten-password">{t("door.sendAgain")}</a>
            </p>
          )}
        </form>
      )}
    </Frame>
  );
}
