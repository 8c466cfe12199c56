import { early } from "./early";
import { late } from "./en/late";

/** Every text of the dashboard. Other languages have the same keys. */
export const en = { ...early, ...late };

export type Messages = typeof en;
