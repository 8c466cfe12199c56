import { frame } from "./de/frame";
import { late } from "./de/late";
import { pages } from "./de/pages";
import { sharing } from "./de/sharing";
import type { Messages } from "./en";

export const de: Messages = { ...frame, ...late, ...pages, ...sharing };
