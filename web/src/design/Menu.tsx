import { Menu as Base } from "@base-ui/react/menu";
import type { ReactElement, ReactNode } from "react";

export interface MenuEntry {
  label: string;
  icon?: ReactNode;
  keys?: string;
  onSelect: () => void;
}

export function Menu({ trigger, entries }: { trigger: ReactElement; entries: MenuEntry[] }) {
  return (
    <Base.Root>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner sideOffset={4} align="start" style={{ zIndex: 25 }}>
          <Base.Popup className="menu">
            {entries.map((entry) => (
              <Base.Item key={entry.label} className="menu-item" onClick={entry.onSelect}>
                {entry.icon}
                {entry.label}
                {entry.keys && <kbd aria-hidden="true">{entry.keys}</kbd>}
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
