import { Dialog as Base } from "@base-ui/react/dialog";
import type { ReactNode } from "react";

interface Properties {
  open: boolean;
  onClose: () => void;
  title: string;
  wide?: boolean;
  children: ReactNode;
}

export function Dialog({ open, onClose, title, wide, children }: Properties) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="backdrop" />
        <Base.Popup className={wide ? "dialog wide" : "dialog"}>
          <div className="stack">
            <Base.Title render={<h2 />}>{title}</Base.Title>
            {children}
          </div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
