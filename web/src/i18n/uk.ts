import type { Messages } from "./en";
import { frame } from "./uk/frame";
import { pages } from "./uk/pages";

export const uk: Messages = { ...frame, ...pages };
