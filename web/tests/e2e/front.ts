// In front of an executable: the same API, with the files of another build of the dashboard, as an executable with that build would send them.
import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, request, type ServerResponse } from "node:http";
import { extname, join } from "node:path";

export interface Front {
  port: number;
  /** From now on the files are those of this folder. */
  show: (folder: string) => void;
  stop: () => void;
}

const TYPES: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/** The scripts that a page begins with. */
export function scriptsOf(folder: string): string {
  const page = readFileSync(join(folder, "index.html"), "utf8");
  return [...page.matchAll(/<script [^>]*src="([^"]+)"/g)].map(([, source]) => source).join(" ");
}

/** In front of a port of this machine, with the files of a folder. */
export async function startFront(to: number, first: string): Promise<Front> {
  let folder = first;
  const ask = (from: IncomingMessage, then: (answer: IncomingMessage) => void, onFailure: () => void) => {
    const headers = { ...from.headers };
    // What is changed on its way is neither compressed nor known already.
    if (isPage(from) || from.url === "/bff/boot") {
      delete headers["accept-encoding"];
      delete headers["if-none-match"];
    }
    const onward = request({ host: "127.0.0.1", port: to, path: from.url, method: from.method, headers }, then);
    onward.on("error", onFailure);
    from.pipe(onward);
    return onward;
  };
  const server = createServer((from, back) => {
    const path = new URL(from.url ?? "/", "http://localhost").pathname;
    if (path.startsWith("/assets/")) return void sendFile(join(folder, path), back);
    const onward = ask(
      from,
      (answer) => void pass(from, answer, back, folder),
      () => back.destroy(),
    );
    back.on("close", () => onward.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    show: (next) => {
      folder = next;
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

const isPage = (from: IncomingMessage) =>
  from.method === "GET" &&
  (from.headers.accept ?? "").includes("text/html") &&
  !/^\/(v1|bff|docs|oauth|\.well-known|internal)(\/|$)/.test(from.url ?? "");

function sendFile(file: string, back: ServerResponse): void {
  if (!existsSync(file)) return void back.writeHead(404).end();
  const type = TYPES[extname(file)] ?? "text/plain; charset=utf-8";
  back.writeHead(200, { "content-type": type, "cache-control": "public, max-age=31536000, immutable" });
  back.end(readFileSync(file));
}

async function pass(from: IncomingMessage, answer: IncomingMessage, back: ServerResponse, folder: string) {
  const status = answer.statusCode ?? 502;
  if (isPage(from) && status === 200) {
    answer.resume();
    return sendChanged(answer, back, readFileSync(join(folder, "index.html"), "utf8"));
  }
  if (from.url === "/bff/boot" && status === 200) {
    const text = Buffer.concat(await answer.toArray()).toString("utf8");
    return sendChanged(answer, back, JSON.stringify({ ...JSON.parse(text), scripts: scriptsOf(folder) }));
  }
  back.writeHead(status, answer.headers);
  answer.on("error", () => back.destroy());
  answer.pipe(back);
}

function sendChanged(answer: IncomingMessage, back: ServerResponse, text: string): void {
  const headers: OutgoingHttpHeaders = { ...answer.headers };
  for (const name of ["content-length", "content-encoding", "transfer-encoding", "etag"]) delete headers[name];
  back.writeHead(200, { ...headers, "content-length": Buffer.byteLength(text) });
  back.end(text);
}
