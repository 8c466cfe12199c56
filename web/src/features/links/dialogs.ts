import { lazy } from "react";

/** Dialogs of the list, each with a script of its own: most visits open none of them. */
export const CampaignDialog = lazy(() => import("./CampaignDialog"));
export const MatchingDialog = lazy(() => import("./MatchingDialog"));
export const MoveDialog = lazy(() => import("./MoveDialog"));
export const TagDialog = lazy(() => import("./TagDialog"));
