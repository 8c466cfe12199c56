// A PostgreSQL of its own, which can go away for a while.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

const SCRIPT = new URL("../../../dev/services/postgres", import.meta.url).pathname;

export interface Postgres {
  url: string;
  /** Nobody answers any more, and connections stay open. */
  pause: () => void;
  resume: () => void;
  remove: () => void;
}

export function startPostgres(): Postgres {
  const folder = mkdtempSync("/var/tmp/elido-postgres-");
  // The server is another user, who has to get there.
  chmodSync(folder, 0o755);
  const own = join(folder, "server");
  const run = (command: string) =>
    execFileSync(SCRIPT, [command], { env: { ...process.env, ELIDO_POSTGRES_FOLDER: own }, encoding: "utf8" }).trim();
  const url = run("start");
  const main = () => Number(readFileSync(join(own, "data/postmaster.pid"), "utf8").split("\n")[0]);
  const signal = (name: NodeJS.Signals) => {
    const children = readFileSync(`/proc/${main()}/task/${main()}/children`, "utf8").trim().split(" ");
    for (const pid of [main(), ...children.filter(Boolean).map(Number)]) process.kill(pid, name);
  };
  return {
    url,
    pause: () => signal("SIGSTOP"),
    resume: () => signal("SIGCONT"),
    remove: () => {
      signal("SIGCONT");
      run("stop");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
