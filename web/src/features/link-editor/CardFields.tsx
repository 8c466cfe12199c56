import { Field, TextArea } from "../../design/Field";
import { Fold } from "../../design/Fold";
import { t } from "../../i18n";
import type { Draft } from "../../lib/draft";
import type { Form } from "./form";

const TEXT_MAX = 1000;

interface Properties {
  draft: Draft<Form>;
  errors: Map<string, string>;
}

/** What programs show of the link that preview it. */
export function CardFields({ draft, errors }: Properties) {
  const card = draft.value.preview;
  const set = (change: Partial<Form["preview"]>) => draft.set({ preview: { ...card, ...change } });
  return (
    <Fold title={t("editor.card")} filled={Object.values(card).some(Boolean)}>
      <div className="stack-s">
        <p className="small muted">{t("editor.cardHint")}</p>
        <div className="two">
          <Field
            label={t("editor.cardTitle")}
            value={card.title}
            onValue={(title) => set({ title })}
            error={errors.get("/preview/title") ?? errors.get("/preview")}
          />
          <Field
            label={t("editor.cardImage")}
            value={card.image_url}
            onValue={(image_url) => set({ image_url })}
            error={errors.get("/preview/image_url")}
            inputMode="url"
          />
        </div>
        <TextArea
          label={t("editor.cardText")}
          value={card.description}
          onValue={(description) => set({ description })}
          error={errors.get("/preview/description")}
          maxLength={TEXT_MAX}
        />
      </div>
    </Fold>
  );
}

/** Where phones go, what search engines are told, and what visitors read who are led nowhere. */
export function WordFields({ draft, errors }: Properties) {
  const { ios_url, android_url, robots, expired_text, not_found_text } = draft.value;
  const isFilled = [ios_url, android_url, robots, expired_text, not_found_text].some(Boolean);
  return (
    <Fold title={t("editor.words")} filled={isFilled}>
      <div className="two">
        <Field
          label={t("editor.ios")}
          value={ios_url}
          onValue={(text) => draft.set({ ios_url: text })}
          error={errors.get("/ios_url")}
          inputMode="url"
        />
        <Field
          label={t("editor.android")}
          value={android_url}
          onValue={(text) => draft.set({ android_url: text })}
          error={errors.get("/android_url")}
          inputMode="url"
        />
        <Field
          label={t("editor.robots")}
          value={robots}
          onValue={(text) => draft.set({ robots: text })}
          error={errors.get("/robots")}
          hint={t("editor.robotsHint")}
          mono
        />
        <TextArea
          label={t("editor.expiredText")}
          value={expired_text}
          onValue={(text) => draft.set({ expired_text: text })}
          error={errors.get("/expired_text")}
          maxLength={TEXT_MAX}
        />
        <TextArea
          label={t("editor.notFoundText")}
          value={not_found_text}
          onValue={(text) => draft.set({ not_found_text: text })}
          error={errors.get("/not_found_text")}
          maxLength={TEXT_MAX}
        />
      </div>
    </Fold>
  );
}
