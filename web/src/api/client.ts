import createClient from "openapi-fetch";
import { Problem } from "./problem";
import type { paths } from "./schema";
import type { ProblemBody } from "./types";

/** After how long somebody looks whether the server is there at all, in milliseconds. */
const LATE = 6_000;

let csrfToken: string | null = null;
let onSessionEnd: () => void = () => {};
let onTrouble: () => void = () => {};

export function setToken(token: string | null): void {
  csrfToken = token;
}

export function whenSessionEnds(then: () => void): void {
  onSessionEnd = then;
}

/** What is done when a request is not answered, or the server says that it cannot. */
export function whenInTrouble(then: () => void): void {
  onTrouble = then;
}

/** A key under which a request is done once, however often it is sent. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const changing = (method: string) => method !== "GET" && method !== "HEAD";

async function send(request: Request): Promise<Response> {
  if (changing(request.method) && csrfToken) request.headers.set("x-csrf-token", csrfToken);
  if ((request.method === "POST" || request.method === "PATCH") && !request.headers.has("idempotency-key")) {
    request.headers.set("idempotency-key", newKey());
  }
  const late = window.setTimeout(() => onTrouble(), LATE);
  const response = await fetch(request)
    .catch((error: unknown) => {
      if (!request.signal.aborted) onTrouble();
      throw error;
    })
    .finally(() => window.clearTimeout(late));
  if (response.status >= 502) onTrouble();
  if (response.status === 401 && !request.url.includes("/auth/sign-in")) onSessionEnd();
  return response;
}

/** `/v1`, with types from its own description. */
export const api = createClient<paths>({ baseUrl: "", fetch: send });

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The body of an answer, or the problem thrown. */
export async function body<Data>(asked: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await asked;
  if (response.ok) return data as Data;
  throw new Problem(response.status, error as ProblemBody | undefined);
}

/** A request to `/bff`, which has no description of its own. */
export async function bff<Data>(path: string, options?: { method?: string; json?: unknown }): Promise<Data> {
  const request: RequestInit = { method: options?.method ?? "GET" };
  if (options?.json !== undefined) {
    request.body = JSON.stringify(options.json);
    request.headers = { "content-type": "application/json" };
  }
  const response = await send(new Request(new URL(path, location.origin), request));
  const text = await response.text();
  const read = text ? JSON.parse(text) : undefined;
  if (!response.ok) throw new Problem(response.status, read);
  return read as Data;
}
