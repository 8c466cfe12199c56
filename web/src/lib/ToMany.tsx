import { Link as To, useNavigate } from "@tanstack/react-router";
import type { ClipboardEvent } from "react";
import { t } from "../i18n";
import { isMany, keepPasted } from "./many";
import { useWorkspace } from "./workspace";

/** For a field of one address: several that are pasted go to the page for many. */
export function usePastingMany() {
  const navigate = useNavigate();
  const { slug } = useWorkspace();
  return (event: ClipboardEvent) => {
    const text = event.clipboardData.getData("text/plain");
    if (!isMany(text)) return;
    event.preventDefault();
    keepPasted(text);
    void navigate({ to: "/w/$workspace/links/many", params: { workspace: slug } });
  };
}

export function ToMany() {
  const { slug } = useWorkspace();
  return (
    <To to="/w/$workspace/links/many" params={{ workspace: slug }}>
      {t("editor.several")}
    </To>
  );
}
