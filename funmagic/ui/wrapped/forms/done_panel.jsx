import { useEffect, useRef } from "react";

const LETTER = "M3 7.5 12 13.5 21 7.5M5 5h14a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2Z";
const TICK = "M4.5 12.5 9.5 17.5 19.5 7";

/**
 * What stands in a form's place once it was sent: a heading, a text with the person's `{email}`, and ways on.
 * The panel's words: title, text, and where they make sense again, sentAgain, back, label with href, inbox with inboxHref.
 */
export function DonePanel({ panel, email, times, busy, onAgain, onBack, onReturn, children }) {
  const heading = useRef(null);
  const [before, after = ""] = panel.text.split("{email}");

  // Whoever cannot see that the form is gone hears what came instead.
  useEffect(() => heading.current.focus(), []);

  useEffect(() => {
    if (panel.href) return undefined;
    // The mailed link may have been opened in another tab of this browser.
    window.addEventListener("focus", onReturn);
    return () => window.removeEventListener("focus", onReturn);
  });

  return (
    <div className="done-panel">
      <span className="state-icon">
        <svg viewBox="0 0 24 24" width="26" height="26" aria-hidden="true" className="stroke-icon">
          <path d={panel.href ? TICK : LETTER} />
        </svg>
      </span>
      <h2 ref={heading} tabIndex={-1} className="state-title">{panel.title}</h2>
      <p className="state-text">
        {before}
        {panel.text.includes("{email}") && <strong>{email}</strong>}
        {after}
      </p>
      {children}
      {panel.href && (
        <a className="button button-primary button-lg" href={panel.href}>
          <span className="button-label">{panel.label}</span>
        </a>
      )}
      {panel.inboxHref && <a className="link" href={panel.inboxHref}>{panel.inbox}</a>}
      <p role="status" className="field-hint">{times > 1 ? panel.sentAgain : ""}</p>
      {(panel.again || panel.back) && (
        <div className="actions">
          {panel.again && (
            <button
              type="button"
              className="button button-secondary button-md"
              disabled={busy}
              aria-busy={busy}
              onClick={onAgain}
            >
              <span className="spinner" aria-hidden="true" />
              <span className="button-label">{panel.again}</span>
            </button>
          )}
          {panel.back && (
            <button type="button" className="button button-ghost button-md" onClick={onBack}>
              <span className="button-label">{panel.back}</span>
            </button>
          )}
        </div>
      )}
    </div>
  );
}
