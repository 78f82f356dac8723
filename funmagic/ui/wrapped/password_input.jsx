import { useState } from "react";

const EYE = "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12Z";

/** A password field; the eye shows and hides its text. */
export function PasswordInput({ showLabel, hideLabel, ...input }) {
  const [isShown, setIsShown] = useState(false);
  return (
    <div className="password">
      <input {...input} type={isShown ? "text" : "password"} className="input" spellCheck={false} />
      <button
        type="button"
        className="icon-button password-eye"
        aria-label={isShown ? hideLabel : showLabel}
        aria-pressed={isShown}
        onClick={() => setIsShown(!isShown)}
      >
        <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" className="stroke-icon">
          <path d={EYE} />
          <circle cx="12" cy="12" r="2.75" />
          {!isShown && <path d="M4 4l16 16" />}
        </svg>
      </button>
    </div>
  );
}
