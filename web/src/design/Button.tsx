import type { ButtonHTMLAttributes, ReactNode } from "react";

interface Properties extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: "main" | "bad" | "plain";
  icon?: ReactNode;
  keys?: string;
  /** For a button that is an icon alone. */
  label?: string;
}

export function Button({ look, icon, keys, label, children, ...rest }: Properties) {
  return (
    <button
      type="button"
      className="button"
      data-look={look}
      data-icon={label ? "" : undefined}
      aria-label={label}
      title={label}
      {...rest}
    >
      {icon}
      {children}
      {keys && <kbd aria-hidden="true">{keys}</kbd>}
    </button>
  );
}
