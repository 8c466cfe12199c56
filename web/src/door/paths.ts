/** Pages for those who are not signed in, or come by a link of a mail. They load a part of the scripts alone. */
export const DOOR_PATHS = [
  "/sign-in",
  "/setup",
  "/forgotten-password",
  "/reset-password",
  "/confirm-email",
  "/invitation",
  "/register",
] as const;
export type DoorPath = (typeof DOOR_PATHS)[number];

export const doorPathOf = (path: string): DoorPath | undefined =>
  DOOR_PATHS.find((known) => known === path.replace(/\/$/, ""));
