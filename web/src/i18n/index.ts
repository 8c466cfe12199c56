import i18next from "i18next";
import { onPreferences, preferences } from "../lib/preferences";
import { early } from "./early";
import type { Messages } from "./en";

export type Language = "en" | "uk" | "de";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: Messages };
  }
}

const others: Record<Exclude<Language, "en">, () => Promise<Messages>> = {
  uk: async () => (await import("./uk")).uk,
  de: async () => (await import("./de")).de,
};

let english: Partial<Messages> = early;

/** Adds English texts that come with the pages that need them. Other languages are whole. */
export function addEnglish(texts: Partial<Messages>): void {
  english = { ...english, ...texts };
  if (i18next.isInitialized) i18next.addResourceBundle("en", "translation", english);
}

const wished = (): Language => {
  const { language } = preferences();
  const first = language === "system" ? (navigator.language.split("-")[0] ?? "en") : language;
  return first === "uk" || first === "de" ? first : "en";
};

async function change(): Promise<void> {
  const language = wished();
  if (language !== "en" && !i18next.hasResourceBundle(language, "translation")) {
    i18next.addResourceBundle(language, "translation", await others[language]());
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

/** Loads the language of this browser. Call it before anything is drawn. */
export async function startTexts(): Promise<void> {
  await i18next.init({
    lng: "en",
    fallbackLng: "en",
    resources: { en: { translation: english } },
    // Scopes have a colon in their names.
    nsSeparator: false,
    interpolation: { escapeValue: false },
  });
  await change();
  onPreferences(() => {
    if (wished() !== i18next.language) void change();
  });
}

export const t = i18next.t.bind(i18next);
export const language = () => i18next.language as Language;

/** How numbers and times are written: as the browser does, where it speaks the language of the texts. */
export function locale(): string {
  return navigator.languages.find((wished) => wished.split("-")[0] === i18next.language) ?? i18next.language;
}

export function onLanguage(listener: () => void): () => void {
  i18next.on("languageChanged", listener);
  return () => i18next.off("languageChanged", listener);
}
