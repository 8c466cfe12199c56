// Writes the map of the world that the dashboard draws: node generate.mjs TARGET
// Shapes are of Natural Earth I (public domain) at 1:50 million, simplified; Antarctica is left out. Ids become ISO 3166-1 alpha-2.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import iso from "i18n-iso-countries";
import { quantize } from "topojson-client";
import { presimplify, simplify } from "topojson-simplify";

const file = createRequire(import.meta.url).resolve("world-atlas/countries-50m.json");
const atlas = JSON.parse(readFileSync(file, "utf8"));
const countries = atlas.objects.countries;
const codes = { Kosovo: "XK" };
countries.geometries = countries.geometries
  .filter((shape) => shape.properties.name !== "Antarctica")
  .map((shape) => {
    const id = (shape.id && iso.numericToAlpha2(shape.id)) || codes[shape.properties.name];
    return { type: shape.type, arcs: shape.arcs, ...(id ? { id } : {}) };
  });
const world = { type: "Topology", objects: { countries }, arcs: atlas.arcs, transform: atlas.transform };
const simple = simplify(presimplify(world), 0.08);
writeFileSync(process.argv[2], JSON.stringify(quantize(simple, 1e4)));
