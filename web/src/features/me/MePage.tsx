import { useBoot } from "../../api/boot";
import { t } from "../../i18n";
import { useTitle } from "../../lib/title";
import { Consents } from "./Consents";
import { EmailAddress } from "./EmailAddress";
import { Identities } from "./Identities";
import { Looks } from "./Looks";
import { Password } from "./Password";
import { SecondFactor } from "./SecondFactor";
import { Sessions } from "./Sessions";

export default function MePage() {
  const user = useBoot()?.user;
  useTitle(t("nav.me"));
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{user?.name || t("nav.me")}</h1>
          <p className="muted">{user?.email}</p>
        </div>
      </div>
      <div className="stack">
        <Looks />
        <EmailAddress />
        <Password />
        <SecondFactor />
        <Identities />
        <Sessions />
        <Consents />
      </div>
    </>
  );
}
