// What the files of flows share: one process each, a browser's page for every flow, and how a flow ends.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach } from "node:test";
import { violations } from "./axe.ts";
import { type Api, closed, type Elido, open, type Setting, startElido, stopBrowser, type Watched } from "./server.ts";

const PICTURES = process.env.ELIDO_PICTURES ?? new URL("../../pictures", import.meta.url).pathname;

export interface Watching extends Watched {
  elido: Elido;
  api: Api;
  /** Where the workspace is in the API. */
  base: string;
  /** The address of a page of the workspace. */
  address: (path: string) => string;
  /** Nothing that axe finds, and no complaint. */
  allIsWell: (watched?: Watched) => Promise<void>;
}

/** A process that Ada has set up, for all flows of a file. What it gives back is filled in before each flow. */
export function watching(setting: () => Promise<Setting> = async () => ({})): Watching {
  const here = {} as Watching;
  before(async () => {
    here.elido = await startElido(await setting());
    here.api = await here.elido.bootstrap();
    here.base = `/v1/workspaces/${here.api.workspace.id}`;
    here.address = (path) => `${here.elido.url}/w/marketing/${path}`;
    here.allIsWell = async (watched = here) => {
      // A page that has only been asked for is empty.
      await watched.page.locator("h1").first().waitFor({ state: "attached" });
      assert.deepEqual(await violations(watched.page), []);
      assert.deepEqual(watched.complaints, []);
    };
  });
  after(async () => {
    await stopBrowser();
    here.elido?.stop();
  });
  beforeEach(async () => {
    Object.assign(here, await open(here.elido));
  });
  afterEach(async (context) => {
    const name = "name" in context ? context.name.replaceAll(/\W+/g, "-") : "";
    // A flow that passed does not fail for want of its picture.
    await here.page.screenshot({ path: `${PICTURES}/flow-${name}.png` }).catch(() => undefined);
    await closed(here.context);
  });
  return here;
}
