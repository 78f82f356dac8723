import { useEffect, useRef, useState } from "react";

/** A modal dialog labelled by the elements `${id}-title` and `${id}-text` among its children. */
export function Modal({ id, open, closeLabel, onOpenChange, children }) {
  const ref = useRef(null);
  const [wasOpened, setWasOpened] = useState(false);

  useEffect(() => {
    const dialog = ref.current;
    if (open) {
      setWasOpened(true);
      if (!dialog.open) dialog.showModal();
    } else if (dialog.open) {
      dialog.close();
    }
  }, [open]);

  const askToClose = () => onOpenChange?.(false);

  return (
    <dialog
      ref={ref}
      id={id}
      className="dialog"
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-text`}
      onCancel={(event) => {
        event.preventDefault();
        askToClose();
      }}
      onClick={(event) => event.target === ref.current && askToClose()}
    >
      {/* Children stay after closing, so the way out can be animated with them. */}
      {(open || wasOpened) && (
        <div className="dialog-body">
          {children}
          <button type="button" className="icon-button dialog-close" aria-label={closeLabel} onClick={askToClose}>
            <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" className="stroke-icon">
              <path d="M6 6l12 12M18 6L6 18" />
            </svg>
          </button>
        </div>
      )}
    </dialog>
  );
}
