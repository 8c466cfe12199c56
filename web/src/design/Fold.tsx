import { type ReactNode, useEffect, useRef, useState } from "react";

interface Properties {
  title: string;
  /** Whether something in it is filled in. */
  filled?: boolean;
  children: ReactNode;
}

/** A part of a form that opens when it has something to show: what is filled in, or what is wrong. Only people fold it up again. */
export function Fold({ title, filled = false, children }: Properties) {
  const details = useRef<HTMLDetailsElement>(null);
  const [openAtFirst] = useState(filled);
  useEffect(() => {
    if (filled && details.current) details.current.open = true;
  }, [filled]);
  useEffect(() => {
    if (details.current?.querySelector("[aria-invalid]")) details.current.open = true;
  });
  return (
    <details ref={details} className="fold" open={openAtFirst || undefined}>
      <summary>{title}</summary>
      {children}
    </details>
  );
}
