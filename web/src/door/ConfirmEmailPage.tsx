import { useState } from "react";
import { api, body } from "../api/client";
import { Button } from "../design/Button";
import { t } from "../i18n";
import { useSubmit } from "../lib/submit";
import { CodeField } from "./fields";
import { Frame, takeSecret, Wrong } from "./frame";

/** Where mails lead that ask whether an address is right. It takes a press: programs that look through mail follow links. */
export function ConfirmEmailPage() {
  const [mailed] = useState(() => takeSecret("code"));
  const [code, setCode] = useState(mailed);
  const [email, setEmail] = useState("");
  const { submit, busy, problem, errors } = useSubmit(async () => {
    const confirmed = await body(api.POST("/v1/auth/email/confirm", { body: { code: code.trim() } }));
    setEmail(confirmed.email);
  });
  return (
    <Frame title={t("door.confirmEmail")}>
      {email ? (
        <>
          <p role="status">{t("door.emailConfirmed", { email })}</p>
          <a className="button" data-look="main" href="/">
            {t("common.home")}
          </a>
        </>
      ) : (
        <form className="stack" onSubmit={submit}>
          <p>{t("door.confirmEmailText")}</p>
          {errors.size === 0 && <Wrong problem={problem} />}
          {!mailed && <CodeField value={code} onValue={setCode} error={errors.get("/code")} />}
          <Button look="main" type="submit" disabled={busy}>
            {t("door.confirm")}
          </Button>
        </form>
      )}
    </Frame>
  );
}
