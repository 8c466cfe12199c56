import { Field } from "../design/Field";
import { t } from "../i18n";

interface Properties {
  value: string;
  onValue: (value: string) => void;
  error: string | undefined;
}

/** For whoever has the code of a mail, and not its link. */
export function CodeField(properties: Properties) {
  return (
    <Field
      label={t("door.code")}
      hint={t("door.codeHint")}
      autoComplete="off"
      maxLength={100}
      autoFocus
      required
      mono
      {...properties}
    />
  );
}

export function NewPasswordField(properties: Properties) {
  return (
    <Field
      label={t("auth.password")}
      hint={t("setup.passwordHint")}
      type="password"
      autoComplete="new-password"
      minLength={10}
      maxLength={128}
      required
      {...properties}
    />
  );
}

export function NameField(properties: Properties) {
  return <Field label={t("setup.name")} autoComplete="name" maxLength={100} required {...properties} />;
}
