import { useState } from "react";
import { api, body } from "../api/client";
import { Button } from "../design/Button";
import { Field } from "../design/Field";
import { t } from "../i18n";
import { useSubmit } from "../lib/submit";
import { Frame, Wrong } from "./frame";

/** Has a mail sent with a way to a new password. The answer is the same for an address that has no account. */
export function ForgottenPage() {
  const [email, setEmail] = useState("");
  const [sent, setSent] = useState(false);
  const { submit, busy, problem, errors } = useSubmit(async () => {
    await body(api.POST("/v1/auth/password-reset", { body: { email } }));
    setSent(true);
  });
  return (
    <Frame title={t("door.newPassword")}>
      {sent ? (
        <p role="status">{t("door.resetSent", { email })}</p>
      ) : (
        <form className="stack" onSubmit={submit}>
          <p>{t("door.forgottenText")}</p>
          {errors.size === 0 && <Wrong problem={problem} />}
          <Field
            label={t("auth.email")}
            type="email"
            value={email}
            onValue={setEmail}
            error={errors.get("/email")}
            autoComplete="username"
            autoFocus
            required
          />
          <Button look="main" type="submit" disabled={busy}>
            {t("door.send")}
          </Button>
        </form>
      )}
      <p>
        <a href="/sign-in">{t("door.toSignIn")}</a>
      </p>
    </Frame>
  );
}
