import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from "react";

export interface MenuEntry {
  label: string;
  icon?: ReactNode;
  onSelect: () => void;
}

interface Properties {
  className?: string;
  entries: MenuEntry[];
  /** What the button shows. */
  children: ReactNode;
}

/** A button with a menu, which the browser itself closes by Escape and by a press elsewhere. */
export function Menu({ className, entries, children }: Properties) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);

  const items = () => [...(menu.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
  const place = () => {
    const at = button.current?.getBoundingClientRect();
    if (!at || !menu.current) return;
    const below = at.top < window.innerHeight / 2;
    const style = menu.current.style;
    style.top = below ? `${at.bottom + 4}px` : "auto";
    style.bottom = below ? "auto" : `${window.innerHeight - at.top + 4}px`;
    const right = at.left > window.innerWidth / 2;
    style.left = right ? "auto" : `${at.left}px`;
    style.right = right ? `${window.innerWidth - at.right}px` : "auto";
  };
  const onKey = (event: KeyboardEvent) => {
    const all = items();
    const here = all.indexOf(document.activeElement as HTMLElement);
    const steps: Record<string, number> = {
      ArrowDown: (here + 1) % all.length,
      ArrowUp: (here - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    };
    const next = steps[event.key];
    if (next !== undefined) {
      event.preventDefault();
      all[next]?.focus();
    } else if (event.key === "Tab") menu.current?.hidePopover();
  };

  return (
    <>
      <button
        ref={button}
        type="button"
        className={className}
        popoverTarget={id}
        aria-haspopup="menu"
        aria-expanded={open}
      >
        {children}
      </button>
      <div
        ref={menu}
        id={id}
        role="menu"
        tabIndex={-1}
        popover="auto"
        className="menu"
        onBeforeToggle={place}
        onToggle={(event) => {
          setOpen(event.newState === "open");
          if (event.newState === "open") items()[0]?.focus();
        }}
        onKeyDown={onKey}
      >
        {open &&
          entries.map((entry) => (
            <button
              key={entry.label}
              type="button"
              role="menuitem"
              tabIndex={-1}
              className="menu-item"
              onClick={() => {
                menu.current?.hidePopover();
                entry.onSelect();
              }}
            >
              {entry.icon}
              {entry.label}
            </button>
          ))}
      </div>
    </>
  );
}
