import { type ButtonHTMLAttributes, type MouseEvent, type ReactNode, useState } from "react";

interface Properties extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "onClick"> {
  /** Until what it begins is over, the button does nothing more: the next click would meet the row that has moved up by then. */
  onClick?: (event: MouseEvent) => unknown;
  look?: "main" | "bad" | "plain";
  icon?: ReactNode;
  keys?: string;
  /** For a button that is an icon alone. */
  label?: string;
}

export function Button({ look, icon, keys, label, children, onClick, ...rest }: Properties) {
  const [busy, setBusy] = useState(false);
  const press = (event: MouseEvent) => {
    const begun = busy ? event.preventDefault() : onClick?.(event);
    if (!(begun instanceof Promise)) return;
    setBusy(true);
    void begun.finally(() => setBusy(false));
  };
  return (
    <button
      type="button"
      className="button"
      data-look={look}
      data-icon={label ? "" : undefined}
      aria-label={label}
      title={label}
      aria-disabled={busy || undefined}
      onClick={press}
      {...rest}
    >
      {icon}
      {children}
      {keys && <kbd aria-hidden="true">{keys}</kbd>}
    </button>
  );
}
