import type { Messages } from "./en";
import { frame } from "./uk/frame";
import { pages } from "./uk/pages";
import { sharing } from "./uk/sharing";

export const uk: Messages = { ...frame, ...pages, ...sharing };
