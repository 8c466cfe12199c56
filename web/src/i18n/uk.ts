import type { Messages } from "./en";
import { frame } from "./uk/frame";
import { late } from "./uk/late";
import { pages } from "./uk/pages";
import { sharing } from "./uk/sharing";

export const uk: Messages = { ...frame, ...late, ...pages, ...sharing };
