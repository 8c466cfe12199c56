import { frame } from "./de/frame";
import { guards } from "./de/guards";
import { pages } from "./de/pages";
import { sharing } from "./de/sharing";
import type { Messages } from "./en";

export const de: Messages = { ...frame, ...guards, ...pages, ...sharing };
