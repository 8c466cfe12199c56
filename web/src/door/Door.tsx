import { type ComponentType, useEffect } from "react";
import type { Boot } from "../api/session";
import { ConfirmEmailPage } from "./ConfirmEmailPage";
import { ForgottenPage } from "./ForgottenPage";
import { InvitationPage } from "./InvitationPage";
import type { DoorPath } from "./paths";
import { RegisterPage } from "./RegisterPage";
import { ResetPage } from "./ResetPage";
import { SetupPage } from "./SetupPage";
import { SignInPage } from "./SignInPage";

const PAGES: Record<DoorPath, ComponentType<{ boot: Boot }>> = {
  "/sign-in": SignInPage,
  "/setup": SetupPage,
  "/forgotten-password": ForgottenPage,
  "/reset-password": ResetPage,
  "/confirm-email": ConfirmEmailPage,
  "/invitation": InvitationPage,
  "/register": RegisterPage,
};

export default function Door({ path, boot }: { path: DoorPath; boot: Boot }) {
  const Page = PAGES[path];
  // Whoever is here goes on to the other pages: their scripts come while the form is filled in.
  useEffect(() => {
    const timer = window.setTimeout(() => void import("../app/App"), 500);
    return () => window.clearTimeout(timer);
  }, []);
  return <Page boot={boot} />;
}
