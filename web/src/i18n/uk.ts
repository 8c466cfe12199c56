import type { Messages } from "./en";
import { frame } from "./uk/frame";
import { guards } from "./uk/guards";
import { pages } from "./uk/pages";
import { sharing } from "./uk/sharing";

export const uk: Messages = { ...frame, ...guards, ...pages, ...sharing };
