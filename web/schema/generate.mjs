// Writes the types of the API from its OpenAPI document: node generate.mjs DOCUMENT TARGET
import { readFileSync, writeFileSync } from "node:fs";
import openapi, { astToString } from "openapi-typescript";

const [document, target] = process.argv.slice(2);

/** What is for people stays in the document: as comments it would be most of the file. */
function forPrograms(node) {
  if (Array.isArray(node)) return node.map(forPrograms);
  if (node === null || typeof node !== "object") return node;
  const kept = Object.entries(node).filter(([key, value]) => {
    return (
      !(["description", "summary", "title"].includes(key) && typeof value === "string") &&
      key !== "example" &&
      key !== "examples"
    );
  });
  return Object.fromEntries(kept.map(([key, value]) => [key, forPrograms(value)]));
}

const types = astToString(await openapi(forPrograms(JSON.parse(readFileSync(document, "utf8")))));
writeFileSync(target, `// Made by \`dev/web schema\` from the OpenAPI document. Change nothing here.\n${types}`);
