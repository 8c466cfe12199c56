import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { bootQuery, useBoot } from "../../api/boot";
import { api, body } from "../../api/client";
import { Field } from "../../design/Field";
import { t } from "../../i18n";
import { emptied } from "../../lib/sent";
import { say } from "../../lib/toasts";
import { AccountForm } from "./AccountForm";

/** A new password ends every other session, and gives this one a new secret. */
export function Password() {
  const queries = useQueryClient();
  const email = useBoot()?.user?.email ?? "";
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const send = async () => {
    await body(api.PUT("/v1/me/password", { body: { password: old, new_password: fresh } }));
    await queries.fetchQuery({ ...bootQuery, staleTime: 0 });
    setOld(emptied(old));
    setFresh(emptied(fresh));
    say(t("me.passwordChanged"));
  };
  // For password managers, which want to know whose it is.
  const whose = <input type="email" autoComplete="username" value={email} readOnly hidden />;
  return (
    <AccountForm title={t("me.password")} action={t("me.changePassword")} onSend={send} before={whose}>
      {(errors) => (
        <>
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
        </>
      )}
    </AccountForm>
  );
}
