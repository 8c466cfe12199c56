import { early } from "./early";
import { guards } from "./en/guards";

/** Every text of the dashboard. Other languages have the same keys. */
export const en = { ...early, ...guards };

export type Messages = typeof en;
