import { frame } from "./en/frame";
import { pages } from "./en/pages";
import { sharing } from "./en/sharing";

/** English texts that are there before any page is. */
export const early = { ...frame, ...pages, ...sharing };
