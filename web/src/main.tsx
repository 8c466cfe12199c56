import type { ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { fetchBoot } from "./api/session";
import { Failure } from "./design/Failure";
import { type DoorPath, doorPathOf } from "./door/paths";
import { startTexts } from "./i18n";
import { applyTheme } from "./lib/preferences";
import { reportErrors } from "./lib/report";

async function door(path: DoorPath): Promise<ReactNode> {
  const [{ default: Door }, boot] = await Promise.all([import("./door/Door"), fetchBoot(), startTexts()]);
  return <Door path={path} boot={boot} />;
}

async function app(): Promise<ReactNode> {
  const time = "Temporal" in globalThis ? undefined : import("temporal-polyfill/global");
  // Pages say themselves that the server does not answer.
  const boot = fetchBoot().catch(() => undefined);
  const [{ default: App }, known] = await Promise.all([import("./app/App"), boot, startTexts(), time]);
  return <App boot={known} />;
}

async function start(): Promise<void> {
  applyTheme();
  reportErrors();
  const path = doorPathOf(location.pathname);
  const page = await (path ? door(path) : app()).catch((error: unknown) => (
    <main className="alone">
      <Failure error={error} onRetry={() => location.reload()} />
    </main>
  ));
  const root = document.getElementById("root");
  if (root) createRoot(root).render(page);
}

void start();
