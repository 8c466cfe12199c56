import { Check, Field } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { useMembers } from "../../lib/people";

interface PeopleProperties {
  people: string[];
  onPeople: (people: string[]) => void;
  errors: Map<string, string>;
}

/** The members who get a report by mail. */
export function Recipients({ people, onPeople, errors }: PeopleProperties) {
  const members = useMembers();
  const wrong = [...errors].filter(([pointer]) => pointer.startsWith("/recipients")).map(([, detail]) => detail);
  return (
    <fieldset className="stack-s">
      <legend className="label">{t("reports.people")}</legend>
      {members.map(({ user_id, name, email }) => (
        <Check
          key={user_id}
          label={name ? `${name}, ${email}` : email}
          checked={people.includes(user_id)}
          onChecked={(on) => onPeople(on ? [...people, user_id] : people.filter((other) => other !== user_id))}
        />
      ))}
      {wrong.length > 0 && <span className="error-text">{wrong.join("; ")}</span>}
    </fieldset>
  );
}

interface WebhookProperties {
  url: string;
  onUrl: (url: string) => void;
  errors: Map<string, string>;
}

/** Where the messages of a report are posted. */
export function WebhookField({ url, onUrl, errors }: WebhookProperties) {
  return (
    <Field
      label={t("reports.webhook")}
      hint={t("reports.webhookHint")}
      type="url"
      value={url}
      onValue={onUrl}
      error={errors.get("/webhook_url")}
      maxLength={2000}
      mono
      required
    />
  );
}
