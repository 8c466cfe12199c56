// What a page loads, compressed by Brotli, against what it may. Exits with a failure where a page has grown too large.
import { readdirSync, readFileSync, statSync } from "node:fs";

const dist = new URL("../dist/", import.meta.url);
const names = readdirSync(new URL("assets/", dist)).filter((name) => !/\.(br|gz)$/.test(name));
const size = (name) => {
  const file = new URL(`assets/${name}`, dist).pathname;
  return statSync(statSync(`${file}.br`, { throwIfNoEntry: false }) ? `${file}.br` : file).size;
};

/** A script with everything that it imports before it runs. */
function withImports(name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  const text = readFileSync(new URL(`assets/${name}`, dist), "utf8");
  for (const [, other] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) withImports(other, seen);
  return seen;
}
const chunk = (start) => names.find((name) => name.startsWith(`${start}-`) && name.endsWith(".js"));
const page = (...starts) => {
  const all = new Set(starts.flatMap((start) => [...withImports(chunk(start))]));
  return [...all].reduce((sum, name) => sum + size(name), 0);
};
const all = (ending) => names.filter((name) => name.endsWith(ending)).reduce((sum, name) => sum + size(name), 0);

const fonts = () =>
  names.filter((name) => /-latin-wght-.*\.woff2$/.test(name)).reduce((sum, name) => sum + size(name), 0);

const kB = 1000;
const rows = [
  ["scripts to sign in", page("base", "Door"), 95 * kB],
  ["scripts of the list of links", page("base", "app", "LinksPage"), 150 * kB],
  ["scripts of analytics, without the map", page("base", "app", "ExplorerPage"), 200 * kB],
  ["the map, with its data", size(chunk("WorldMap")), 50 * kB],
  ["all styles", all(".css"), 20 * kB],
  ["fonts of a page in Latin", fonts(), 55 * kB],
  ["all of it", names.reduce((sum, name) => sum + size(name), 0), 700 * kB],
];
for (const [what, bytes, most] of rows)
  console.log(`${String(bytes).padStart(8)} of ${String(most).padStart(7)} bytes  ${what}`);
const flat = Object.fromEntries(
  rows.map(([what, bytes]) => [`${what.replaceAll(/[^a-z]+/gi, "_").toLowerCase()}_br_bytes`, bytes]),
);
console.log(`RESULT ${JSON.stringify({ bench: "dashboard-sizes", ...flat })}`);
if (rows.some(([, bytes, most]) => bytes > most)) process.exit(1);
