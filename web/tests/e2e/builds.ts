// Builds of the dashboard as two releases have them: from these sources, and from the same with a text changed.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const WEB = new URL("../../", import.meta.url).pathname;
const SOURCES = ["index.html", "package.json", "public", "src", "tsconfig.json", "vite.config.ts"];

export interface Builds {
  folders: [string, string];
  remove: () => void;
}

/** Two builds that differ in a text of the English catalogue. */
export function buildTwice(file: string, before: string, after: string): Builds {
  const folder = mkdtempSync(join(tmpdir(), "elido-builds-"));
  const build = (name: string, change: (text: string) => string): string => {
    const sources = join(folder, name);
    for (const source of SOURCES) cpSync(join(WEB, source), join(sources, source), { recursive: true });
    symlinkSync(join(WEB, "node_modules"), join(sources, "node_modules"));
    const changed = join(sources, "src/i18n/en", file);
    writeFileSync(changed, change(readFileSync(changed, "utf8")));
    const vite = join(WEB, "node_modules/vite/bin/vite.js");
    execFileSync(process.execPath, [vite, "build", "--logLevel", "warn"], { cwd: sources });
    return join(sources, "dist");
  };
  const other = (text: string) => {
    if (!text.includes(before)) throw new Error(`${file} has no ${before}`);
    return text.replace(before, after);
  };
  const folders: [string, string] = [build("old", (text) => text), build("new", other)];
  return { folders, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
