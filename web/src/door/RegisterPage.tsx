import { useState } from "react";
import { api, body } from "../api/client";
import { Button } from "../design/Button";
import { Field } from "../design/Field";
import { t } from "../i18n";
import { useSubmit } from "../lib/submit";
import { NameField, NewPasswordField } from "./fields";
import { enter, Frame, takeSecret, Wrong } from "./frame";

/** Where an installation lets anybody register: first the address, then, by the link of a mail, the account. */
export function RegisterPage() {
  const [code] = useState(() => takeSecret("code"));
  return <Frame title={t("door.register")}>{code ? <NewAccount code={code} /> : <AskForMail />}</Frame>;
}

function AskForMail() {
  const [email, setEmail] = useState("");
  const [sent, setSent] = useState(false);
  const { submit, busy, problem, errors } = useSubmit(async () => {
    await body(api.POST("/v1/auth/registration", { body: { email } }));
    setSent(true);
  });
  if (sent) return <p role="status">{t("door.registerSent", { email })}</p>;
  return (
    <form className="stack" onSubmit={submit}>
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
      <p>
        <a href="/sign-in">{t("door.toSignIn")}</a>
      </p>
    </form>
  );
}

function NewAccount({ code }: { code: string }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const { submit, busy, problem, errors } = useSubmit(async () => {
    await body(api.POST("/v1/auth/registration/confirm", { body: { code, name, password, cookie: true } }));
    enter();
  });
  return (
    <form className="stack" onSubmit={submit}>
      {errors.size === 0 && <Wrong problem={problem} />}
      {errors.has("/code") && <p className="error">{errors.get("/code")}</p>}
      <NameField value={name} onValue={setName} error={errors.get("/name")} />
      <NewPasswordField value={password} onValue={setPassword} error={errors.get("/password")} />
      <Button look="main" type="submit" disabled={busy}>
        {t("setup.create")}
      </Button>
    </form>
  );
}
