import { useEffect, useId, useRef, type ReactNode } from "react";

interface Props {
  open: boolean;
  title: string;
  onClose: () => void;
  /** Escape does not close it: only its own buttons do. */
  firm?: boolean;
  children: ReactNode;
}

/** The browser's own modal dialog: it keeps the focus, and gives it back. */
export function Dialog({ open, title, onClose, firm = false, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const { current } = dialog;
    if (open && !current?.open) current?.showModal();
    if (!open && current?.open) current.close();
  }, [open]);
  // Browsers let a second Escape through, whatever the page says to the first.
  const closed = (): void => (firm && open ? dialog.current?.showModal() : onClose());
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={titleId} onCancel={(event) => firm && event.preventDefault()} onClose={closed}>
      {open && (
        <div className="stack">
          <h2 id={titleId}>{title}</h2>
          {children}
        </div>
      )}
    </dialog>
  );
}
