import { Bookmark } from "lucide-react";
import { lazy, useState } from "react";
import type { SavedView } from "../api/types";
import { Button } from "../design/Button";
import { t } from "../i18n";
import { Later } from "./Later";

const ViewsDialog = lazy(() => import("./ViewsDialog"));

/** The filters of a page as a query string in the names of `/v1`. */
export function queryTextOf(search: object): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(search))
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) query.append(name, String(one));
  return query.toString();
}

/** What a query string says, as addresses of pages hold it: lists for these names, and `true` and `false` as such for others. */
export function valuesOf(text: string, lists: readonly string[]): Record<string, unknown> {
  const query = new URLSearchParams(text);
  const value = (name: string) => {
    if (lists.includes(name)) return query.getAll(name);
    const only = query.get(name) ?? "";
    return only === "true" || only === "false" ? only === "true" : only;
  };
  return Object.fromEntries([...new Set(query.keys())].map((name) => [name, value(name)]));
}

interface Properties {
  page: SavedView["page"];
  /** What is shown now. */
  query: string;
  onQuery: (query: string) => void;
}

/** Opens what was saved of a page. Looking at a view saves nothing. */
export function Views(properties: Properties) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button icon={<Bookmark aria-hidden="true" />} onClick={() => setOpen(true)}>
        {t("views.title")}
      </Button>
      {open && (
        <Later>
          <ViewsDialog {...properties} onClose={() => setOpen(false)} />
        </Later>
      )}
    </>
  );
}
