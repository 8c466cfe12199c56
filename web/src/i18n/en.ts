import { frame } from "./en/frame";
import { pages } from "./en/pages";

/** Every text of the dashboard. Other languages have the same keys. */
export const en = { ...frame, ...pages };

export type Messages = typeof en;
