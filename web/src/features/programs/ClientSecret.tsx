import { Button } from "../../design/Button";
import { Copy } from "../../design/Copy";
import { Dialog } from "../../design/Dialog";
import { t } from "../../i18n";
import "../../i18n/late";

interface Properties {
  id: string;
  /** Absent for programs on people's machines, which cannot keep one. */
  secret: string | undefined;
  onClose: () => void;
}

/** What a program signs in with. The secret is shown this once. */
export function ClientSecret({ id, secret, onClose }: Properties) {
  return (
    <Dialog open onClose={onClose} title={t("programs.made")} wide>
      <p className="note" data-look={secret ? "warn" : undefined}>
        {secret ? t("programs.once") : t("programs.noSecret")}
      </p>
      <dl className="stack-s">
        <Line name={t("programs.clientId")} value={id} />
        {secret && <Line name={t("programs.secret")} value={secret} />}
        <Line name={t("programs.described")} value={`${location.origin}/.well-known/oauth-authorization-server`} />
      </dl>
      <div className="row">
        <Button look="main" onClick={onClose}>
          {secret ? t("keysPage.kept") : t("common.close")}
        </Button>
      </div>
    </Dialog>
  );
}

function Line({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt className="small muted">{name}</dt>
      <dd className="row">
        <code className="grow anywhere">{value}</code>
        <Copy text={value} />
      </dd>
    </div>
  );
}
