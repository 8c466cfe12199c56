import type { ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { fetchBoot } from "./api/session";
import { Failure } from "./design/Failure";
import { type DoorPath, doorPathOf } from "./door/paths";
import { startTexts } from "./i18n";
import { applyTheme } from "./lib/preferences";
import { reportErrors } from "./lib/report";
import { tokenOf } from "./shared/token";

async function door(path: DoorPath): Promise<ReactNode> {
  const [{ default: Door }, boot] = await Promise.all([import("./door/Door"), fetchBoot(), startTexts()]);
  return <Door path={path} boot={boot} />;
}

const withTime = () => ("Temporal" in globalThis ? undefined : import("temporal-polyfill/global"));

async function shared(token: string): Promise<ReactNode> {
  // The page has asked for it before it knew its address.
  const boot = fetchBoot().catch(() => undefined);
  const [{ default: SharedPage }] = await Promise.all([import("./shared/SharedPage"), startTexts(), withTime(), boot]);
  return <SharedPage token={token} />;
}

async function app(): Promise<ReactNode> {
  // Pages say themselves that the server does not answer.
  const boot = fetchBoot().catch(() => undefined);
  const [{ default: App }, known] = await Promise.all([import("./app/App"), boot, startTexts(), withTime()]);
  return <App boot={known} />;
}

async function start(): Promise<void> {
  applyTheme();
  reportErrors();
  const path = doorPathOf(location.pathname);
  const token = tokenOf(location.pathname);
  const page = await (path ? door(path) : token ? shared(token) : app()).catch((error: unknown) => (
    <main className="alone">
      <Failure error={error} onRetry={() => location.reload()} />
    </main>
  ));
  const root = document.getElementById("root");
  if (root) createRoot(root).render(page);
}

void start();
