import { useState } from "react";
import { useBoot } from "../../api/boot";
import { api, body } from "../../api/client";
import { problemOf } from "../../api/problem";
import { Button } from "../../design/Button";
import { Field } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { emptied } from "../../lib/sent";
import { say } from "../../lib/toasts";
import { AccountForm } from "./AccountForm";

/** The address of an account: confirmed by a code that comes to it, as is another one. */
export function EmailAddress() {
  const user = useBoot()?.user;
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const send = async () => {
    await body(api.POST("/v1/me/email", { body: { email: email.trim(), password } }));
    say(t("address.sent", { email: email.trim() }));
    setEmail(emptied(email));
    setPassword(emptied(password));
  };
  const confirm = async () => {
    try {
      await body(api.POST("/v1/me/email/verification"));
      say(t("address.onItsWay"));
    } catch (error) {
      say(problemOf(error).message);
    }
  };
  const notConfirmed = user && !user.email_verified && (
    <div className="row apart">
      <span>{t("address.notConfirmed", { email: user.email })}</span>
      <Button onClick={() => confirm()}>{t("address.again")}</Button>
    </div>
  );
  return (
    <AccountForm title={t("address.title")} action={t("address.send")} onSend={send} before={notConfirmed}>
      {(errors) => (
        <>
          <Field
            label={t("address.fresh")}
            type="email"
            value={email}
            onValue={setEmail}
            error={errors.get("/email")}
            autoComplete="off"
            required
          />
          <Field
            label={t("address.password")}
            type="password"
            value={password}
            onValue={setPassword}
            error={errors.get("/password")}
            autoComplete="current-password"
            required
          />
        </>
      )}
    </AccountForm>
  );
}
