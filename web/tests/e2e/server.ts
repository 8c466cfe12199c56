// The real executable on an empty data folder, and a browser in front of it.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";

export const EMAIL = "ada@example.com";
export const PASSWORD = "correct horse battery";

const executable = process.env.ELIDO_EXECUTABLE ?? new URL("../../../target/debug/elido", import.meta.url).pathname;

/** Below those that the kernel gives to outgoing connections, and beside those of dev/harness.py. */
const PORTS = { first: 22_000, count: 10_000 };
const givenPorts = new Set<number>();

const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });

/** Ports that nobody uses now, each given once. */
async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
    if (givenPorts.has(port) || !(await isFree(port))) continue;
    givenPorts.add(port);
    ports.push(port);
  }
  return ports;
}

/** Waits until something is there, and says what was missing. */
export async function until<Found>(
  what: string,
  look: () => Promise<Found | undefined | false>,
  seconds = 90,
): Promise<Found> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found) return found;
    if (Date.now() > end) throw new Error(`this did not come: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export interface Elido {
  /** Where the dashboard is. */
  url: string;
  edge: string;
  setupLink: () => string;
  /** The mails to an address so far, as text. */
  letters: (to: string) => string[];
  /** Sets it up as Ada, and signs in. */
  bootstrap: () => Promise<Api>;
  /** Signs in as Ada. */
  signedIn: () => Promise<Api>;
  /** Ends it in the middle of what it does. */
  kill: () => Promise<void>;
  /** Starts it again on what is there. */
  start: () => Promise<void>;
  /** From then on it answers nobody, and its connections stay open. */
  pause: () => Promise<void>;
  resume: () => void;
  /** Runs a command of the executable beside it. */
  run: (...args: string[]) => string;
  stop: () => void;
}

export interface Setting {
  /** Another database than its own file. */
  database?: string;
  /** What browsers reach it by, on which port. */
  before?: (port: number) => Promise<number>;
  /** Further settings, by their names in the environment. */
  env?: Record<string, string>;
}

function lettersTo(folder: string, to: string): string[] {
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  // Others are still being written.
  const letters = names.filter((name) => name.endsWith(".eml")).map((name) => readFileSync(join(folder, name), "utf8"));
  // Long lines are folded, and some letters are written by their number.
  return letters
    .filter((letter) => letter.includes(`To: ${to}\r\n`))
    .map((letter) => letter.replaceAll("=\r\n", "").replaceAll("=3D", "="));
}

/** Whether every thread of a process is stopped: the signal reaches them one after another, and the last may answer until then. */
function standsStill(pid: number | undefined): boolean {
  const threads = `/proc/${pid}/task`;
  return readdirSync(threads).every((thread) =>
    /\) [Tt] [^)]*$/.test(readFileSync(`${threads}/${thread}/stat`, "utf8")),
  );
}

/** The API as a program uses it. */
export interface Api {
  workspace: { id: string; slug: string };
  ask: <Body>(method: string, path: string, json?: unknown) => Promise<Body>;
}

export async function startElido(setting: Setting = {}): Promise<Elido> {
  const folder = mkdtempSync(join(tmpdir(), "elido-dashboard-"));
  const [edge, api, internal, grpc] = await freePorts(4);
  const first = process.env.ELIDO_TEST_PROXY
    ? await (await import(process.env.ELIDO_TEST_PROXY)).start(api)
    : `http://localhost:${api}`;
  const url = setting.before ? `http://localhost:${await setting.before(Number(new URL(first).port))}` : first;
  // Settings of whoever runs the tests are not those of the process.
  const outer = Object.entries(process.env).filter(([name]) => !name.startsWith("ELIDO_"));
  const env = {
    ...Object.fromEntries(outer),
    ELIDO_DATA_FOLDER: join(folder, "data"),
    ELIDO_EDGE__LISTEN: `127.0.0.1:${edge}`,
    ELIDO_API__LISTEN: `127.0.0.1:${api}`,
    ELIDO_INTERNAL__LISTEN: `127.0.0.1:${internal}`,
    ELIDO_GRPC__LISTEN: `127.0.0.1:${grpc}`,
    ELIDO_API__PUBLIC_URL: `http://localhost:${api}`,
    ELIDO_LINKS__DEFAULT_DOMAIN_URL: `http://localhost:${edge}`,
    // Visitors of the tests say themselves where they come from.
    ELIDO_EDGE__TRUSTED_PROXY_HOPS: "1",
    // Commands beside it go straight there.
    ELIDO_API_URL: `http://localhost:${api}`,
    ...setting.env,
    ...(setting.database ? { ELIDO_DATABASE__URL: setting.database } : {}),
  };
  let child: ChildProcess;
  const start = async () => {
    child = spawn(executable, ["run"], { env, cwd: folder, stdio: "ignore" });
    await until("a process that is ready", async () => (await fetch(`http://127.0.0.1:${internal}/readyz`)).ok, 180);
  };
  const run = (...args: string[]) => execFileSync(executable, args, { env, cwd: folder, encoding: "utf8" }).trim();
  await start();

  const signedIn = async (): Promise<Api> => {
    let token = "";
    const ask = async <Body>(method: string, path: string, json?: unknown): Promise<Body> => {
      const headers = { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) };
      const response = await fetch(`http://localhost:${api}${path}`, {
        method,
        headers,
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return (text ? JSON.parse(text) : undefined) as Body;
    };
    token = (await ask<{ token: string }>("POST", "/v1/auth/sign-in", { email: EMAIL, password: PASSWORD })).token;
    const workspace = (await ask<{ data: Api["workspace"][] }>("GET", "/v1/workspaces")).data[0];
    if (!workspace) throw new Error("no workspace was made");
    return { workspace, ask };
  };
  const setupToken = () => run("admin", "setup-link").split("token=")[1];
  const bootstrap = async (): Promise<Api> => {
    const workspace = { name: "Marketing", slug: "marketing" };
    const body = JSON.stringify({ token: setupToken(), email: EMAIL, password: PASSWORD, name: "Ada", workspace });
    const headers = { "content-type": "application/json" };
    const setUp = () => fetch(`http://localhost:${api}/bff/setup`, { method: "POST", headers, body });
    // A disk that stands still for a while has it answered with 504, whether it is done or not; signing in shows that.
    await until("an answer to the first account", async () => (await setUp()).status < 500);
    return signedIn();
  };
  return {
    url,
    edge: `http://localhost:${edge}`,
    letters: (to) => lettersTo(join(folder, "data", "mail"), to),
    setupLink: () => `${url}/setup#token=${setupToken()}`,
    bootstrap,
    signedIn,
    run,
    start,
    kill: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    },
    pause: async () => {
      child.kill("SIGSTOP");
      await until("a process that stands still", async () => standsStill(child.pid));
    },
    resume: () => child.kill("SIGCONT"),
    stop: () => {
      // Not asked to end: it would go on writing into the folder meanwhile.
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

export interface Watched {
  page: Page;
  context: BrowserContext;
  /** What no page may do: say something on the console, ask another origin, or break the policy. */
  complaints: string[];
}

let browser: Browser | undefined;

export async function startBrowser(): Promise<Browser> {
  browser ??= await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
    timeout: 180_000,
  });
  return browser;
}

export async function stopBrowser(): Promise<void> {
  if (browser) await closed(browser);
  browser = undefined;
}

/** What a browser does within a minute, or nothing: unlike what is asked of a page, this has no end of its own. */
async function withinAMinute<Done>(doing: Promise<Done>): Promise<Done | undefined> {
  let waiting: NodeJS.Timeout | undefined;
  const over = new Promise<undefined>((resolve) => {
    waiting = setTimeout(() => resolve(undefined), 60_000);
  });
  return Promise.race([doing, over]).finally(() => clearTimeout(waiting));
}

/** Closes what a test is done with. A browser that does not answer is left to the end of this process, which ends it. */
export async function closed(ending: Browser | BrowserContext | Page): Promise<void> {
  const done = await withinAMinute(ending.close().then(() => true));
  if (!done) browser = undefined;
}

/** A page of its own in a browser that answers: one that does not is nobody's to test, and another takes its place. */
async function openedPage(options: BrowserContextOptions): Promise<Page> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const started = await startBrowser();
    const page = await withinAMinute(started.newContext(options).then((context) => context.newPage()));
    if (page) return page;
    browser = undefined;
  }
  throw new Error("three browsers in turn opened no page within a minute");
}

interface Looks {
  width?: number;
  height?: number;
  dark?: boolean;
  touch?: boolean;
}

/** Makes an account for whoever has an invitation, who signs in by this password. */
export async function accept(elido: Elido, email: string, name: string, password: string): Promise<void> {
  const letter = await until(`an invitation for ${email}`, async () => elido.letters(email).at(-1));
  const token = /\/invitation#\w+=(\S+)/.exec(letter)?.[1];
  const response = await fetch(new URL("/v1/invitations/accept", elido.url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token, name, password }),
  });
  if (!response.ok) throw new Error(`accepting for ${email}: ${response.status} ${await response.text()}`);
}

export async function open(
  elido: Elido,
  { width = 1440, height = 960, dark = false, touch = false }: Looks = {},
): Promise<Watched> {
  const page = await openedPage({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
    hasTouch: touch,
    locale: "en-GB",
    timezoneId: "Europe/Kyiv",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const context = page.context();
  context.setDefaultTimeout(60_000);
  const complaints: string[] = [];
  page.on("console", (message) => {
    // The browser itself writes down every answer that is no success; what the page makes of it is looked at by the flows.
    if (!/Failed to load resource: the server responded with a status of 4/.test(message.text()))
      complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== new URL(elido.url).origin && !["data:", "blob:"].includes(url.protocol))
      complaints.push(`a request to ${url.origin}`);
  });
  return { page, context, complaints };
}

let kept: { elido: Elido; state: Awaited<ReturnType<BrowserContext["storageState"]>>["cookies"] } | undefined;

/** For a test that ended the session: the next one signs in anew. */
export function forgetSession(): void {
  kept = undefined;
}

/** Signs in as Ada. The form is filled in once: whoever signs in many times in a minute is slowed down. */
export async function signIn(elido: Elido, { page, context }: Watched): Promise<void> {
  if (kept?.elido === elido) {
    await context.addCookies(kept.state);
    await page.goto(elido.url);
  } else {
    await page.goto(`${elido.url}/sign-in`);
    await page.getByLabel("Email").fill(EMAIL);
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
  }
  await page.getByRole("heading", { name: "Links", exact: true }).waitFor();
  kept = { elido, state: await context.cookies() };
}
