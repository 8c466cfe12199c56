import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Keyboard, Link as LinkIcon, Plus, Tag, UserRound } from "lucide-react";
import { type ReactNode, type RefObject, useDeferredValue, useEffect, useState } from "react";
import { useBoot } from "../api/boot";
import { bff } from "../api/client";
import type { Link, Part } from "../api/types";
import { Dialog } from "../design/Dialog";
import { t } from "../i18n";
import { setPreferences } from "../lib/preferences";
import { type Recent, recents, remember } from "../lib/recents";
import { homeQuery } from "../lib/workspace";
import { PAGES } from "./Shell";

interface Entry {
  id: string;
  label: string;
  about?: string;
  icon: ReactNode;
  run: () => void;
}

interface Found {
  parts: { links: Part<{ data: Link[] }> };
}

interface Properties {
  slug: string;
  /** What was typed before it was there, which is taken once. */
  begun: RefObject<string>;
  onClose: () => void;
  onKeys: () => void;
}

/** Every page and command by its name, and links by slug, destination or title; `>` commands alone, `#` tags, `@` people. What was chosen last comes first. */
export default function Palette({ slug, begun, onClose, onKeys }: Properties) {
  const navigate = useNavigate();
  const [text, setText] = useState(begun.current);
  useEffect(() => {
    begun.current = "";
  }, [begun]);
  // Links that arrive late move what is marked, which stays marked.
  const [marked, setMarked] = useState("");
  const typed = text.trim();
  // Links are looked up when there is time; what is chosen by Enter is chosen of what was typed.
  const sought = useDeferredValue(typed);
  const workspace = useBoot()?.workspaces?.find((other) => other.slug === slug);
  const params = { workspace: slug };
  const found = useQuery({
    queryKey: ["search", workspace?.id, sought],
    enabled: sought.length > 0 && !/^[>#@]/.test(sought) && workspace !== undefined,
    placeholderData: keepPreviousData,
    queryFn: () => bff<Found>(`/bff/workspaces/${workspace?.id}/search?q=${encodeURIComponent(sought)}`),
  });

  const home = useQuery({ ...homeQuery(workspace?.id ?? ""), enabled: workspace !== undefined }).data?.parts;
  const commands: Entry[] = [
    {
      id: "new",
      label: t("links.new"),
      icon: <Plus aria-hidden="true" />,
      run: () => void navigate({ to: "/w/$workspace/links/new", params }),
    },
    ...PAGES.map(({ to, icon: Icon, text: name }) => ({
      id: to,
      label: t(name),
      icon: <Icon aria-hidden="true" />,
      run: () => void navigate({ to, params }),
    })),
    { id: "me", label: t("nav.me"), icon: <UserRound aria-hidden="true" />, run: () => void navigate({ to: "/me" }) },
    { id: "keys", label: t("keys.title"), icon: <Keyboard aria-hidden="true" />, run: onKeys },
    ...(["system", "light", "dark"] as const).map((theme) => ({
      id: `theme-${theme}`,
      label: `${t("me.theme")}: ${t(`me.${theme}`)}`,
      icon: <span className="icon" />,
      run: () => setPreferences({ theme }),
    })),
  ];
  const wanted = typed.replace(/^[>#@]\s*/, "").toLowerCase();
  const tags: Entry[] = (home?.tags.body?.data ?? []).map((tag) => ({
    id: tag.id,
    label: `#${tag.name}`,
    icon: <Tag aria-hidden="true" />,
    run: () => void navigate({ to: "/w/$workspace/links", params, search: { tag: tag.name } }),
  }));
  const people: Entry[] = (home?.members.body?.data ?? []).map((member) => ({
    id: member.user_id,
    label: `@${member.name || member.email}`,
    about: member.email,
    icon: <UserRound aria-hidden="true" />,
    run: () => void navigate({ to: "/w/$workspace/people", params }),
  }));
  const linkEntry = ({ id, label, about }: Recent & { label: string }): Entry => ({
    id,
    label,
    ...(about ? { about } : {}),
    icon: <LinkIcon aria-hidden="true" />,
    run: () => {
      remember(slug, { id, label, ...(about ? { about } : {}) });
      void navigate({ to: "/w/$workspace/links/$link", params: { workspace: slug, link: id } });
    },
  });
  const links = (typed ? (found.data?.parts.links.body?.data ?? []) : []).map((link) =>
    linkEntry({
      id: link.id,
      label: link.short_url.replace(/^https?:\/\//, ""),
      about: link.title ?? link.destination_url,
    }),
  );
  const before = recents(slug).flatMap(({ id, label, about }): Entry[] => {
    const command = commands.find((one) => one.id === id);
    if (command) return [command];
    return label ? [linkEntry({ id, label, ...(about ? { about } : {}) })] : [];
  });
  const named = (some: Entry[]) => some.filter((entry) => entry.label.toLowerCase().includes(wanted));
  const sigils: Record<string, Entry[]> = { ">": named(commands), "#": named(tags), "@": named(people) };
  const others = typed ? commands : commands.filter((command) => !before.some(({ id }) => id === command.id));
  const recent = typed ? [] : before;
  const entries = sigils[typed.charAt(0)] ?? [...recent, ...named(others), ...links];
  const current = Math.max(
    0,
    entries.findIndex((entry) => entry.id === marked),
  );
  const mark = (index: number) => setMarked(entries[index]?.id ?? "");
  const choose = (entry: Entry | undefined) => {
    if (!entry) return;
    onClose();
    if (commands.includes(entry)) remember(slug, { id: entry.id });
    entry.run();
  };
  const onKey = (key: string): boolean => {
    if (key === "ArrowDown") mark(Math.min(current + 1, entries.length - 1));
    else if (key === "ArrowUp") mark(Math.max(current - 1, 0));
    else if (key === "Enter") choose(entries[current]);
    else return false;
    return true;
  };

  const option = (entry: Entry, index: number) => (
    <div
      key={entry.id}
      id={`palette-${index}`}
      role="option"
      tabIndex={-1}
      aria-selected={index === current}
      className="menu-item"
      data-highlighted={index === current ? "" : undefined}
      onPointerMove={() => mark(index)}
      onClick={() => choose(entry)}
      onKeyDown={(event) => event.key === "Enter" && choose(entry)}
    >
      {entry.icon}
      <span className="cut">{entry.label}</span>
      {entry.about && <span className="cut muted small">{entry.about}</span>}
    </div>
  );

  return (
    <Dialog open onClose={onClose} title={t("nav.goTo")} wide bare>
      <div className="palette">
        <input
          className="input"
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={entries[current] ? `palette-${current}` : undefined}
          aria-label={t("palette.label")}
          placeholder={t("palette.label")}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setMarked("");
          }}
          onKeyDown={(event) => {
            if (onKey(event.key)) event.preventDefault();
          }}
        />
        <div id="palette-list" role="listbox" aria-label={t("palette.found")} className="palette-list" tabIndex={-1}>
          {recent.length > 0 && (
            <div role="group" aria-label={t("palette.recent")}>
              <div className="palette-group" aria-hidden="true">
                {t("palette.recent")}
              </div>
              {recent.map(option)}
            </div>
          )}
          {entries.slice(recent.length).map((entry, index) => option(entry, recent.length + index))}
        </div>
        {entries.length === 0 && <p className="pad muted">{t("palette.none")}</p>}
      </div>
    </Dialog>
  );
}
