// Rules of the source that a machine can hold.
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { de } from "../../src/i18n/de";
import { en } from "../../src/i18n/en";
import { late } from "../../src/i18n/en/late";
import { uk } from "../../src/i18n/uk";

const root = new URL("../../src/", import.meta.url);
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/"));
const read = (name: string) => readFileSync(new URL(name, root), "utf8");
const sources = files.filter((name) => /\.tsx?$/.test(name) && name !== "api/schema.d.ts");

test("components hold no text of their own", () => {
  const texts =
    /(?:>\s*[A-Z][a-z]+(?: [a-z]+)*[^<>{}()=;]*<\/)|(?:\b(?:label|title|placeholder|aria-label|hint)="[A-Z][^"]* [^"]*")/;
  expect(texts.test("<p>Some text</p>")).toBe(true);
  expect(texts.test('<Field label="Your name" />')).toBe(true);
  const wrong = sources
    .filter((name) => name.endsWith(".tsx"))
    .flatMap((name) =>
      read(name)
        .split("\n")
        .flatMap((line, index) => (texts.test(line) ? [`${name}:${index + 1}: ${line.trim()}`] : [])),
    );
  expect(wrong).toEqual([]);
});

test("features do not import each other", () => {
  const wrong = sources
    .filter((name) => name.startsWith("features/"))
    .flatMap((name) => {
      const own = name.split("/")[1] ?? "";
      return [...read(name).matchAll(/from "\.\.\/([a-z-]+)\//g)].flatMap(([, other]) =>
        other !== own && !["..", "."].includes(other ?? "") ? [`${name}: ${other}`] : [],
      );
    });
  expect(wrong).toEqual([]);
});

test("colours are tokens, and nothing goes around the types or the policy", () => {
  const colours = files
    .filter((name) => name.endsWith(".css") && !name.endsWith("tokens.css"))
    .filter((name) => /#[0-9a-f]{3,8}\b|rgba?\(/i.test(read(name)));
  expect(colours).toEqual([]);
  const shortcuts = sources.filter((name) =>
    /: any\b|as any\b|@ts-ignore|@ts-expect-error|dangerouslySetInnerHTML|innerHTML/.test(read(name)),
  );
  expect(shortcuts).toEqual([]);
});

test("files are short", () => {
  const long = sources.filter((name) => read(name).split("\n").length > 600);
  expect(long).toEqual([]);
});

test("who uses texts that come later has them come", () => {
  const groups = Object.keys(late).join("|");
  const uses = new RegExp(`t\\((?:\\s*|.{0,60}\\? )["\`](?:${groups})\\.`);
  expect(uses.test('t("approvals.ask")') && uses.test("t(`privacy.`)")).toBe(true);
  const using = sources.filter((name) => !name.startsWith("i18n/") && uses.test(read(name)));
  expect(using.length).toBeGreaterThan(5);
  expect(using.filter((name) => !/^import ".*i18n\/late";$/m.test(read(name)))).toEqual([]);
  const early = sources.filter(
    (name) => name === "i18n/index.ts" || name.startsWith("door/") || name.startsWith("app/"),
  );
  expect(early.filter((name) => /i18n\/late"|"\.\/late"/.test(read(name)))).toEqual([]);
});

const FORMS: Record<string, string[]> = {
  en: ["one", "other"],
  de: ["one", "other"],
  uk: ["one", "few", "many", "other"],
};

/** Every key, with those of one text in several forms of a number as one. */
function stems(texts: object, language: string, path = ""): string[] {
  return Object.entries(texts).flatMap(([key, value]) => {
    if (typeof value === "object") return stems(value as object, language, `${path}${key}.`);
    return [path + key.replace(new RegExp(`_(${FORMS[language]?.join("|")})$`), "_")];
  });
}

/** The names that a text has filled in. */
const filled = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name).sort();
const find = (texts: object, path: string) =>
  path.split(".").reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], texts) as string;

test.each([
  ["de", de],
  ["uk", uk],
] as const)("%s says everything that English says, with the same names filled in", (language, texts) => {
  expect([...new Set(stems(texts, language))].sort()).toEqual([...new Set(stems(en, "en"))].sort());
  for (const stem of new Set(stems(texts, language))) {
    const forms = stem.endsWith("_") ? (FORMS[language] ?? []).map((form) => stem + form) : [stem];
    for (const form of forms) {
      const own = find(texts, form);
      expect(own, form).toBeTruthy();
      const english = find(en, stem.endsWith("_") ? `${stem}other` : stem);
      // «The first link» needs no number.
      for (const name of filled(own)) expect(filled(english), form).toContain(name);
    }
  }
});
