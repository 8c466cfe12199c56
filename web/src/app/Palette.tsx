import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Keyboard, Link as LinkIcon, Plus, Tag, UserRound } from "lucide-react";
import { type ReactNode, useDeferredValue, useState } from "react";
import { useBoot } from "../api/boot";
import { bff } from "../api/client";
import type { Link, Part } from "../api/types";
import { Dialog } from "../design/Dialog";
import { t } from "../i18n";
import { setPreferences } from "../lib/preferences";
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
  onClose: () => void;
  onKeys: () => void;
}

/** Every page and command by its name, and links by slug, destination or title; `>` commands alone, `#` tags, `@` people. */
export default function Palette({ slug, onClose, onKeys }: Properties) {
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [place, setPlace] = useState(0);
  const sought = useDeferredValue(text.trim());
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
  const wanted = sought.replace(/^[>#@]\s*/, "").toLowerCase();
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
  const links: Entry[] = (sought ? (found.data?.parts.links.body?.data ?? []) : []).map((link) => ({
    id: link.id,
    label: link.short_url.replace(/^https?:\/\//, ""),
    about: link.title ?? link.destination_url,
    icon: <LinkIcon aria-hidden="true" />,
    run: () => void navigate({ to: "/w/$workspace/links/$link", params: { workspace: slug, link: link.id } }),
  }));
  const named = (some: Entry[]) => some.filter((entry) => entry.label.toLowerCase().includes(wanted));
  const sigils: Record<string, Entry[]> = { ">": named(commands), "#": named(tags), "@": named(people) };
  const entries = sigils[sought.charAt(0)] ?? [...named(commands), ...links];
  const current = Math.min(place, Math.max(0, entries.length - 1));
  const choose = (entry: Entry | undefined) => {
    if (!entry) return;
    onClose();
    entry.run();
  };
  const onKey = (key: string): boolean => {
    if (key === "ArrowDown") setPlace(Math.min(current + 1, entries.length - 1));
    else if (key === "ArrowUp") setPlace(Math.max(current - 1, 0));
    else if (key === "Enter") choose(entries[current]);
    else return false;
    return true;
  };

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
            setPlace(0);
          }}
          onKeyDown={(event) => {
            if (onKey(event.key)) event.preventDefault();
          }}
        />
        <div id="palette-list" role="listbox" aria-label={t("palette.found")} className="palette-list" tabIndex={-1}>
          {entries.map((entry, index) => (
            <div
              key={entry.id}
              id={`palette-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === current}
              className="menu-item"
              data-highlighted={index === current ? "" : undefined}
              onPointerMove={() => setPlace(index)}
              onClick={() => choose(entry)}
              onKeyDown={(event) => event.key === "Enter" && choose(entry)}
            >
              {entry.icon}
              <span className="cut">{entry.label}</span>
              {entry.about && <span className="cut muted small">{entry.about}</span>}
            </div>
          ))}
        </div>
        {entries.length === 0 && <p className="pad muted">{t("palette.none")}</p>}
      </div>
    </Dialog>
  );
}
