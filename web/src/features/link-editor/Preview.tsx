import { Copy } from "../../design/Copy";
import { t } from "../../i18n";
import { UTM } from "../../lib/utm";
import { useHome } from "../../lib/workspace";
import type { Form } from "./form";

/** The address with what the link adds to it. */
function withUtm(form: Form): string {
  try {
    const url = new URL(form.destination_url.trim());
    for (const field of UTM) if (form.utm[field]) url.searchParams.set(`utm_${field}`, form.utm[field]);
    return url.toString();
  } catch {
    return form.destination_url;
  }
}

/** What will be there once it is saved, while it is typed. */
export function Preview({ form, saved }: { form: Form; saved?: string }) {
  const domains = useHome()?.domains.body?.data ?? [];
  const domain = domains.find((other) => other.hostname === form.domain) ?? domains.find((other) => other.is_default);
  const base = domain?.url.replace(/\/$/, "") ?? "";
  const short = saved ?? `${base}/${form.slug || "…"}`;
  const shown = short.replace(/^https?:\/\//, "");
  const host = /^https?:\/\/([^/?#]+)/.exec(form.destination_url.trim())?.[1] ?? "";
  return (
    <aside className="preview stack" aria-label={t("editor.preview")}>
      <div className="sheet pad stack-s">
        <span className="label">{t("links.shortLink")}</span>
        <div className="row">
          <strong className="mono">{shown}</strong>
          {saved && <Copy text={saved} />}
        </div>
        <span className="label">{t("editor.opens")}</span>
        <span className="mono small">{withUtm(form) || "…"}</span>
      </div>
      <div className="sheet card">
        <div className="pad stack-s">
          <span className="small muted">{host || "example.com"}</span>
          <strong>{form.preview.title || form.title || host || t("editor.noTitle")}</strong>
          {form.preview.description && <span className="small">{form.preview.description}</span>}
        </div>
      </div>
    </aside>
  );
}
