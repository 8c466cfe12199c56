import { useQuery } from "@tanstack/react-query";
import type { UtmTemplate } from "../api/types";
import { t } from "../i18n";
import { templatesQuery } from "./utm";
import { useWorkspace } from "./workspace";

/** Fills campaign parameters in from a template; later changes of the template change nothing. */
export function TemplateChoice({ onChoose }: { onChoose: (utm: UtmTemplate["utm"]) => void }) {
  const templates = useQuery(templatesQuery(useWorkspace().id)).data?.data ?? [];
  if (templates.length === 0) return null;
  return (
    <select
      className="input pick"
      aria-label={t("templates.use")}
      value=""
      onChange={(event) => {
        const chosen = templates.find((template) => template.id === event.target.value);
        if (chosen) onChoose(chosen.utm);
      }}
    >
      <option value="" disabled>
        {t("templates.use")}
      </option>
      {templates.map((template) => (
        <option key={template.id} value={template.id}>
          {template.name}
        </option>
      ))}
    </select>
  );
}
