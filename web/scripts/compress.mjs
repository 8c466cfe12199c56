// Writes the compressed twins beside each text file of dist, so that the server never compresses anything.
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const folder = process.argv[2] ? pathToFileURL(`${process.argv[2]}/`) : new URL("../dist/", import.meta.url);
// The list that the bundler writes is of scripts alone; the fonts have a licence of their own.
const font = new URL("../node_modules/@fontsource-variable/atkinson-hyperlegible-next/LICENSE", import.meta.url);
appendFileSync(
  new URL("licenses.md", folder),
  `\n## Atkinson Hyperlegible Next and Mono\n\n${readFileSync(font, "utf8")}`,
);

const names = readdirSync(folder, { recursive: true }).filter((name) => /\.(js|css|html|svg|json|md)$/.test(name));
for (const name of names) {
  const file = new URL(name, folder);
  const bytes = readFileSync(file);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  const twins = [
    ["br", brotliCompressSync(bytes, { params })],
    ["gz", gzipSync(bytes, { level: 9 })],
  ];
  for (const [ending, twin] of twins) {
    if (twin.length < bytes.length) writeFileSync(`${file.pathname}.${ending}`, twin);
  }
}
