import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, body } from "../../api/client";
import { problemOf } from "../../api/problem";
import { t } from "../../i18n";
import { useWorkspace } from "../../lib/workspace";

interface Properties {
  domain: string | undefined;
  slug: string;
  own?: { domain: string; slug: string } | undefined;
}

/** Whether a slug is free, while it is typed. It never keeps anybody from saving. */
export function SlugState({ domain, slug, own }: Properties) {
  const workspace = useWorkspace().id;
  const wanted = useSettled(slug.trim());
  const isOwn = own !== undefined && own.slug === wanted && (!domain || own.domain === domain);
  const taken = useQuery({
    queryKey: ["lookup", workspace, domain, wanted],
    enabled: wanted !== "" && domain !== undefined && !isOwn,
    retry: false,
    queryFn: async () => {
      const params = { path: { workspace_id: workspace }, query: { domain: domain ?? "", slug: wanted } };
      try {
        await body(api.GET("/v1/workspaces/{workspace_id}/links/lookup", { params }));
        return true;
      } catch (error) {
        if (problemOf(error).status === 404) return false;
        throw error;
      }
    },
  });
  if (wanted === "" || isOwn || taken.data === undefined) return null;
  return (
    <span className={taken.data ? "error-text" : "small good"} role="status">
      {taken.data ? t("editor.taken") : t("editor.free")}
    </span>
  );
}

/** A text once it has not changed for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(text), 300);
    return () => window.clearTimeout(timer);
  }, [text]);
  return settled;
}
