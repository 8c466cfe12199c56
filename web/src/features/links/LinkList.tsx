import { useNavigate } from "@tanstack/react-router";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { Link } from "../../api/types";
import { copyText } from "../../design/Copy";
import { t } from "../../i18n";
import { Later } from "../../lib/Later";
import { usePreferences } from "../../lib/preferences";
import { useShortcuts } from "../../lib/shortcuts";
import { say } from "../../lib/toasts";
import { useWorkspace } from "../../lib/workspace";
import { tracksOf } from "./Columns";
import { MoveDialog, TagDialog } from "./dialogs";
import { LinkRow } from "./LinkRow";
import { useLinkActions } from "./useLinkActions";

interface Properties {
  links: Link[];
  sparklines: Map<string, number[]>;
  selected: Set<string>;
  setSelected: (selected: Set<string>) => void;
  canEdit: boolean;
  stale: boolean;
  more: (() => void) | undefined;
  onTag: (tag: string) => void;
}

/** A row that keys act on. */
interface Place {
  id?: string;
  index: number;
}

/** Where that link is by now; one that is gone leaves its place to the next. */
function placeOf(links: Link[], { id, index }: Place): number {
  const found = links.findIndex((link) => link.id === id);
  return found >= 0 ? found : Math.min(index, links.length - 1);
}

const narrow = window.matchMedia("(max-width: 759px)");
const onWidth = (listener: () => void) => {
  narrow.addEventListener("change", listener);
  return () => narrow.removeEventListener("change", listener);
};

/** A table of any length: only the rows in sight are in the page. Every key of a row acts on the selection where there is one. */
export function LinkList({ links, sparklines, selected, setSelected, canEdit, stale, more, onTag }: Properties) {
  const frame = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<Place>({ index: 0 });
  const current = placeOf(links, place);
  const [tagging, setTagging] = useState<Link[]>();
  const [moving, setMoving] = useState<Link[]>();
  const { columns } = usePreferences();
  const isNarrow = useSyncExternalStore(onWidth, () => narrow.matches);
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const actions = useLinkActions();
  const virtual = useWindowVirtualizer({
    count: links.length,
    estimateSize: () => (isNarrow ? 64 : 44),
    overscan: 12,
    scrollMargin: frame.current?.offsetTop ?? 0,
  });
  const rows = virtual.getVirtualItems();
  const last = rows.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && last >= links.length - 20) more();
  }, [last, links.length, more]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows are higher on a narrow screen
  useEffect(() => virtual.measure(), [isNarrow, virtual]);

  const anchor = useRef<Place>(undefined);
  const placeAt = (index: number): Place => ({ ...(links[index] && { id: links[index].id }), index });
  const toggle = (index: number, range: boolean) => {
    const next = new Set(selected);
    const from = range && anchor.current ? placeOf(links, anchor.current) : index;
    const isOn = range || !selected.has(links[index]?.id ?? "");
    for (const link of links.slice(Math.min(from, index), Math.max(from, index) + 1)) {
      if (isOn) next.add(link.id);
      else next.delete(link.id);
    }
    anchor.current = placeAt(index);
    setSelected(next);
  };
  const move = (by: number) => {
    const next = Math.max(0, Math.min(links.length - 1, current + by));
    setPlace(placeAt(next));
    virtual.scrollToIndex(next);
    requestAnimationFrame(() => frame.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus());
  };
  const here = (): Link[] => {
    const chosen = links.filter((link) => selected.has(link.id));
    const link = links[current];
    return chosen.length > 0 ? chosen : link ? [link] : [];
  };
  const go =
    (to: "/w/$workspace/links/$link" | "/w/$workspace/links/$link/edit" | "/w/$workspace/links/$link/qr") => () => {
      const link = links[current];
      if (link) void navigate({ to, params: { workspace: workspace.slug, link: link.id } });
    };
  const edit = (run: (links: Link[]) => void) => () => {
    const chosen = here();
    if (canEdit && chosen.length > 0) run(chosen);
  };
  useShortcuts({
    j: () => move(1),
    k: () => move(-1),
    arrowdown: () => move(1),
    arrowup: () => move(-1),
    x: () => toggle(current, false),
    "shift+x": () => toggle(current, true),
    enter: (event) =>
      event.target instanceof HTMLElement && event.target.closest("a,button,summary")
        ? follow(event.target)
        : go("/w/$workspace/links/$link")(),
    e: edit(() => go("/w/$workspace/links/$link/edit")()),
    q: go("/w/$workspace/links/$link/qr"),
    y: () => {
      const text = here()
        .map((link) => link.short_url)
        .join("\n");
      void copyText(text).then((copied) => copied && say(t("common.copied")));
    },
    a: edit((chosen) => void actions.archive(chosen, !chosen.every((link) => link.archived))),
    t: edit(setTagging),
    m: edit(setMoving),
    delete: edit((chosen) => void actions.remove(chosen)),
  });

  return (
    <>
      <div
        className="sheet list"
        role="table"
        aria-label={t("nav.links")}
        aria-rowcount={more ? -1 : links.length + 1}
        data-stale={stale || undefined}
        style={tracksOf(columns) as CSSProperties}
      >
        <div className="list-head" role="row" aria-rowindex={1}>
          <span role="columnheader">
            <input
              type="checkbox"
              aria-label={t("links.selectAll")}
              checked={selected.size > 0 && selected.size === links.length}
              onChange={(event) => setSelected(new Set(event.target.checked ? links.map((link) => link.id) : []))}
            />
          </span>
          <span role="columnheader">{t("links.shortLink")}</span>
          {columns.map((name) => (
            <span key={name} role="columnheader" className={name === "clicks" ? "number" : undefined}>
              {t(`columns.${name}`)}
            </span>
          ))}
        </div>
        <div ref={frame} role="rowgroup" className="list-rows" style={{ height: virtual.getTotalSize() }}>
          {rows.map((row) => {
            const link = links[row.index];
            if (!link) return null;
            return (
              <LinkRow
                key={link.id}
                link={link}
                days={sparklines.get(link.id)}
                columns={columns}
                index={row.index}
                top={row.start - virtual.options.scrollMargin}
                isCurrent={row.index === current}
                isSelected={selected.has(link.id)}
                onFocus={() => setPlace(placeAt(row.index))}
                onToggle={(range) => toggle(row.index, range)}
                onTag={onTag}
              />
            );
          })}
        </div>
      </div>
      {moving && (
        <Later>
          <MoveDialog
            count={moving.length}
            onClose={() => setMoving(undefined)}
            onMove={(folder) => {
              setMoving(undefined);
              void actions.move(moving, folder);
            }}
          />
        </Later>
      )}
      {tagging && (
        <Later>
          <TagDialog
            links={tagging}
            onClose={() => setTagging(undefined)}
            onTag={(add, remove) => {
              setTagging(undefined);
              void actions.tag(tagging, add, remove);
            }}
          />
        </Later>
      )}
    </>
  );
}

/** Enter on what is itself a link or a button does what that does. */
function follow(target: HTMLElement): void {
  target.closest<HTMLElement>("a,button,summary")?.click();
}
