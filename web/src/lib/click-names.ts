import { useQuery } from "@tanstack/react-query";
import { t } from "../i18n";
import type { Filter } from "./clicks-search";
import { country, languageName } from "./format";
import { useHome, useWorkspace } from "./workspace";

/** The value of a dimension for people. */
export function valueName(dimension: Filter, value: string | null): string {
  if (dimension === "country") return country(value);
  if (dimension === "language") return languageName(value);
  if (dimension === "referrer" && !value) return t("analytics.direct");
  if (dimension === "qr") return value === "true" ? t("analytics.scans") : t("analytics.noScans");
  if (!value) return t("analytics.unknown");
  if (dimension === "device") return t(`device.${value}` as "device.desktop");
  return value;
}
/** Names of values that are ids. */
export function useValueNames(): (dimension: Filter, value: string | null) => string {
  const home = useHome();
  const links = new Map(
    (home?.links.body?.data ?? []).map((link) => [link.id, link.short_url.replace(/^https?:\/\//, "")]),
  );
  const domains = new Map((home?.domains.body?.data ?? []).map((domain) => [domain.id, domain.display_name]));
  const { data } = useLinkNames();
  return (dimension, value) => {
    if (dimension === "link" && value) return data?.get(value) ?? links.get(value) ?? value;
    if (dimension === "domain" && value) return domains.get(value) ?? value;
    return valueName(dimension, value);
  };
}

/** Slugs of the links that were made last; of others the id is shown. */
function useLinkNames() {
  const workspace = useWorkspace().id;
  return useQuery({
    queryKey: ["link-names", workspace],
    staleTime: 60_000,
    queryFn: async () => {
      const response = await fetch(`/v1/workspaces/${workspace}/links?limit=100&sort=-updated_at`);
      const page = (await response.json()) as { data?: { id: string; short_url: string }[] };
      return new Map((page.data ?? []).map((link) => [link.id, link.short_url.replace(/^https?:\/\//, "")]));
    },
  });
}
