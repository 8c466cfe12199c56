import { Link as To } from "@tanstack/react-router";
import { memo } from "react";
import type { Link } from "../../api/types";
import { Copy } from "../../design/Copy";
import { t } from "../../i18n";
import { date, dateTime, number } from "../../lib/format";
import type { Column } from "../../lib/preferences";
import { useWorkspace } from "../../lib/workspace";
import { Sparkline } from "./Sparkline";
import { partsOf, shown, statesOf } from "./state";

interface Properties {
  link: Link;
  /** Clicks by day. */
  days: number[] | undefined;
  columns: readonly Column[];
  index: number;
  top: number;
  isCurrent: boolean;
  isSelected: boolean;
  onFocus: () => void;
  onToggle: (range: boolean) => void;
  onTag: (tag: string) => void;
}

export const LinkRow = memo(function LinkRow({
  link,
  days,
  columns,
  index,
  top,
  isCurrent,
  isSelected,
  onFocus,
  onToggle,
  onTag,
}: Properties) {
  const workspace = useWorkspace();
  return (
    <div
      role="row"
      className="list-row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      data-index={index}
      data-current={isCurrent || undefined}
      tabIndex={isCurrent ? 0 : -1}
      style={{ transform: `translateY(${top}px)` }}
      onFocus={onFocus}
    >
      <span role="cell">
        <input
          type="checkbox"
          aria-label={t("links.select", { link: shown(link) })}
          checked={isSelected}
          onChange={(event) => onToggle((event.nativeEvent as MouseEvent).shiftKey)}
        />
      </span>
      <span role="cell" className="list-link">
        <To
          className="cut mono"
          to="/w/$workspace/links/$link"
          params={{ workspace: workspace.slug, link: link.id }}
          title={link.title ?? link.short_url}
        >
          {shown(link)}
        </To>
        <Copy text={link.short_url} label={t("links.copy", { link: shown(link) })} />
      </span>
      {columns.map((name) => (
        <Cell key={name} name={name} link={link} days={days} onTag={onTag} />
      ))}
    </div>
  );
});

interface CellProperties {
  name: Column;
  link: Link;
  days: number[] | undefined;
  onTag: (tag: string) => void;
}

function Cell({ name, link, days, onTag }: CellProperties) {
  const { host, rest } = partsOf(link.destination_url);
  switch (name) {
    case "destination":
      return (
        <span role="cell" className="cut list-destination" title={link.destination_url}>
          <b>{host}</b>
          {rest}
        </span>
      );
    case "tags":
      return (
        <span role="cell" className="list-tags">
          {statesOf(link).map((state) => (
            <span key={state.text} className="badge" data-look={state.look}>
              {state.text}
            </span>
          ))}
          {link.tags.slice(0, 3).map((tag) => (
            <button type="button" key={tag} className="badge" onClick={() => onTag(tag)}>
              {tag}
            </button>
          ))}
          {link.tags.length > 3 && <span className="small muted">+{link.tags.length - 3}</span>}
        </span>
      );
    case "clicks":
      return (
        <span role="cell" className="number list-clicks">
          {days && <Sparkline clicks={days} />}
          {number(link.clicks ?? 0)}
          <span className="visually-hidden"> {t("links.clicks")}</span>
        </span>
      );
    case "lastClick":
      return <Moment time={link.last_click_at} />;
    case "created":
      return <Moment time={link.created_at} />;
    case "updated":
      return <Moment time={link.updated_at} />;
  }
}

function Moment({ time }: { time: string | null | undefined }) {
  return (
    <span role="cell" className="list-date small muted">
      {time && (
        <time dateTime={time} title={dateTime(time)}>
          {date(time)}
        </time>
      )}
    </span>
  );
}
