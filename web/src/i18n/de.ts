import { frame } from "./de/frame";
import { pages } from "./de/pages";
import type { Messages } from "./en";

export const de: Messages = { ...frame, ...pages };
