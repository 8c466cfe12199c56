import { t } from "../../i18n";
import "../../i18n/late";
import { ShownOnce, ToCopy } from "../../lib/ShownOnce";

interface Properties {
  id: string;
  /** Absent for programs on people's machines, which cannot keep one. */
  secret: string | undefined;
  onClose: () => void;
}

/** What a program signs in with. */
export function ClientSecret({ id, secret, onClose }: Properties) {
  return (
    <ShownOnce
      title={t("programs.made")}
      note={secret ? t("programs.once") : t("programs.noSecret")}
      isSecret={secret !== undefined}
      onClose={onClose}
    >
      <dl className="stack-s">
        <ToCopy name={t("programs.clientId")} value={id} />
        {secret && <ToCopy name={t("programs.secret")} value={secret} />}
        <ToCopy name={t("programs.described")} value={`${location.origin}/.well-known/oauth-authorization-server`} />
      </dl>
    </ShownOnce>
  );
}
