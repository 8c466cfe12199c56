import { useQueryClient } from "@tanstack/react-query";
import { bootQuery } from "../api/boot";
import { Dialog } from "../design/Dialog";
import { SignInForm } from "../door/SignInForm";
import { t } from "../i18n";

/** The session is over: sign in over the page, which stays as it is. */
export default function SignInOver() {
  const queries = useQueryClient();
  const go = async () => {
    await queries.fetchQuery({ ...bootQuery, staleTime: 0 });
    await queries.invalidateQueries();
  };
  return (
    <Dialog open title={t("auth.sessionOver")}>
      <p>{t("auth.sessionOverText")}</p>
      <SignInForm onDone={() => void go()} />
    </Dialog>
  );
}
