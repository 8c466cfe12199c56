// Whether every text and mark of both themes stands out enough: 4.5 to 1 for text, 3 to 1 for lines of controls and marks (WCAG 2.2).
import { readFileSync } from "node:fs";

const css = readFileSync(new URL("../src/design/tokens.css", import.meta.url), "utf8");
const tokens = new Map(
  [...css.matchAll(/--([a-z0-9-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name, ...both]) => [name, both]),
);

const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
const luminance = (colour) => {
  const [red, green, blue] = [1, 3, 5].map((place) =>
    linear(Number.parseInt(colour.slice(place, place + 2), 16) / 255),
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const contrast = (one, other) => {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
};

const grounds = ["paper", "sheet", "sunk"];
const pairs = [
  ...["ink", "ink-2", "ink-3"].flatMap((text) => grounds.map((ground) => [text, ground, 4.5])),
  ...["accent", "good", "warn", "bad"].flatMap((text) => ["paper", "sheet"].map((ground) => [text, ground, 4.5])),
  ["accent-ink", "accent", 4.5],
  ["ink", "accent-soft", 4.5],
  ["ink-2", "accent-soft", 4.5],
  ["warn", "warn-soft", 4.5],
  ["bad", "bad-soft", 4.5],
  ["ink", "bad-soft", 4.5],
  ...["line-2", "focus", "series-1", "series-2", "series-3"].map((mark) => [mark, "sheet", 3]),
];
const wrong = pairs.flatMap(([text, ground, least]) =>
  ["light", "dark"].flatMap((theme, place) => {
    const found = contrast(tokens.get(text)[place], tokens.get(ground)[place]);
    return found < least ? [`${text} on ${ground} (${theme}): ${found.toFixed(2)}, at least ${least}`] : [];
  }),
);
for (const line of wrong) console.error(line);
console.log(`${pairs.length * 2} pairs of colours looked at`);
if (wrong.length > 0) process.exit(1);
