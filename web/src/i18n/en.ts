import { frame } from "./en/frame";
import { guards } from "./en/guards";
import { pages } from "./en/pages";
import { sharing } from "./en/sharing";

/** Every text of the dashboard. Other languages have the same keys. */
export const en = { ...frame, ...guards, ...pages, ...sharing };

export type Messages = typeof en;
