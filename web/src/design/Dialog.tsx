import { type ReactNode, useLayoutEffect, useRef } from "react";

interface Properties {
  open: boolean;
  /** Without it, the dialog stays until what it asks for is done. */
  onClose?: (() => void) | undefined;
  title: string;
  /** The title is for those who hear the page, and no heading is shown. */
  bare?: boolean;
  wide?: boolean;
  children: ReactNode;
}

export function Dialog({ open, ...rest }: Properties) {
  return open ? <Modal {...rest} /> : null;
}

/** Puts the caret where it is now: browsers give the focus back to a field without one, so that what is typed there would be lost. */
function keptCaret(field: Element | null): () => void {
  const isText = field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement;
  if (!isText || field.selectionStart === null) return () => {};
  const { selectionStart, selectionEnd } = field;
  return () => {
    if (document.activeElement === field) field.setSelectionRange(selectionStart, selectionEnd);
  };
}

/** The browser's own dialog: what is behind it cannot be reached, Escape closes it, and the focus goes back to where it was. */
function Modal({ onClose, title, bare, wide, children }: Omit<Properties, "open">) {
  const element = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const dialog = element.current;
    const putCaretBack = keptCaret(document.activeElement);
    dialog?.showModal();
    return () => {
      dialog?.close();
      putCaretBack();
    };
  }, []);
  return (
    <dialog
      ref={element}
      className={["dialog", wide && "wide", bare && "bare"].filter(Boolean).join(" ")}
      aria-label={title}
      closedby={onClose ? "any" : "none"}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
    >
      {bare ? (
        children
      ) : (
        <div className="stack">
          <h2>{title}</h2>
          {children}
        </div>
      )}
    </dialog>
  );
}
