import { Link as To } from "@tanstack/react-router";
import { memo } from "react";
import type { Link } from "../../api/types";
import { Copy } from "../../design/Copy";
import { t } from "../../i18n";
import { date, dateTime, number } from "../../lib/format";
import { useWorkspace } from "../../lib/workspace";
import { partsOf, shown, statesOf } from "./state";

interface Properties {
  link: Link;
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
  index,
  top,
  isCurrent,
  isSelected,
  onFocus,
  onToggle,
  onTag,
}: Properties) {
  const workspace = useWorkspace();
  const { host, rest } = partsOf(link.destination_url);
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
      <span role="cell" className="cut list-destination" title={link.destination_url}>
        <b>{host}</b>
        {rest}
      </span>
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
      <span role="cell" className="number list-clicks">
        {number(link.clicks ?? 0)}
        <span className="visually-hidden"> {t("links.clicks")}</span>
      </span>
      <span role="cell" className="list-date small muted">
        <time dateTime={link.created_at} title={dateTime(link.created_at)}>
          {date(link.created_at)}
        </time>
      </span>
    </div>
  );
});
