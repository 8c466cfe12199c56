// An OpenID Connect provider on this machine, who knows one person and asks nothing.
import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

export interface Provider {
  issuer: string;
  stop: () => void;
}

interface Asked {
  nonce: string;
  client: string;
  challenge: string;
}

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

export async function startProvider(email: string): Promise<Provider> {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = { ...publicKey.export({ format: "jwk" }), kid: "first", use: "sig", alg: "RS256" };
  const codes = new Map<string, Asked>();
  let issuer = "";
  const describe = () => ({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    code_challenge_methods_supported: ["S256"],
  });
  const tokenFor = ({ nonce, client }: Asked) => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: issuer, sub: "1", aud: client, exp: now + 300, iat: now, nonce, email, email_verified: true };
    const text = `${encoded({ alg: "RS256", kid: "first", typ: "JWT" })}.${encoded(claims)}`;
    return `${text}.${sign("sha256", Buffer.from(text), privateKey).toString("base64url")}`;
  };
  const authorize = (query: URLSearchParams, back: ServerResponse) => {
    const code = randomUUID();
    const read = (name: string) => query.get(name) ?? "";
    codes.set(code, { nonce: read("nonce"), client: read("client_id"), challenge: read("code_challenge") });
    const to = new URL(read("redirect_uri"));
    to.searchParams.set("code", code);
    to.searchParams.set("state", read("state"));
    back.writeHead(303, { location: to.href }).end();
  };
  const redeem = async (from: IncomingMessage, back: ServerResponse) => {
    const form = new URLSearchParams(Buffer.concat(await from.toArray()).toString("utf8"));
    const asked = codes.get(form.get("code") ?? "");
    codes.delete(form.get("code") ?? "");
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    if (!asked || asked.challenge !== challenge) return send(back, 400, { error: "invalid_grant" });
    const token = { access_token: randomUUID(), token_type: "Bearer", expires_in: 300, id_token: tokenFor(asked) };
    return send(back, 200, token);
  };
  const send = (back: ServerResponse, status: number, value: unknown) => {
    back.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  };
  const server = createServer((from, back) => {
    const url = new URL(from.url ?? "/", issuer);
    if (url.pathname === "/.well-known/openid-configuration") send(back, 200, describe());
    else if (url.pathname === "/keys") send(back, 200, { keys: [key] });
    else if (url.pathname === "/authorize") authorize(url.searchParams, back);
    else if (url.pathname === "/token") void redeem(from, back);
    else back.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  return {
    issuer,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
