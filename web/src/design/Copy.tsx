import { Copy as CopyIcon, Check as Done } from "lucide-react";
import { useState } from "react";
import { t } from "../i18n";
import { Button } from "./Button";

/** Puts text on the clipboard; on plain http, where browsers have none for scripts, by way of a selection. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    return copied;
  }
}

export function Copy({ text, label }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    if (!(await copyText(text))) return;
    setCopied(true);
    window.setTimeout(() => setCopied(false), 2000);
  };
  return (
    <>
      <Button
        look="plain"
        icon={copied ? <Done aria-hidden="true" /> : <CopyIcon aria-hidden="true" />}
        label={copied ? t("common.copied") : (label ?? t("common.copy"))}
        onClick={(event) => {
          event.stopPropagation();
          void copy();
        }}
      />
      <span className="visually-hidden" role="status">
        {copied ? t("common.copied") : ""}
      </span>
    </>
  );
}
