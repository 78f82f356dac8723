import { useContext, useEffect, useRef } from "react";
import { ColorModeContext } from "$/utils/context";

const ACCENT_KEY = "funmagic.accent";
const PLAIN_ACCENT = "rose";

/**
 * Keeps this browser's look and the account's the same: the account's wins, and one that never chose gets the
 * browser's through `onAdopt`. Empty `theme` and `accent` mean that the account has chosen nothing.
 */
export function LookKeeper({ isSignedIn, theme, accent, onAdopt }) {
  const { setColorMode } = useContext(ColorModeContext);
  const isAdopted = useRef(false);

  useEffect(() => {
    if (theme) setColorMode(theme);
    if (accent) keepAccent(accent);
  }, [theme, accent]);
  useEffect(() => {
    if (!isSignedIn || theme || accent || isAdopted.current) return;
    const own = browserLook();
    if (!own) return;
    isAdopted.current = true;
    onAdopt?.(own.theme, own.accent);
  }, [isSignedIn, theme, accent]);
  return null;
}

/** Switches between light and dark at once; `onSwitch` hears which of them it is now. */
export function ThemeSwitch({ label, onSwitch, children }) {
  const { resolvedColorMode, setColorMode } = useContext(ColorModeContext);
  const change = () => {
    const next = resolvedColorMode === "dark" ? "light" : "dark";
    setColorMode(next);
    onSwitch?.(next, chosenAccent() ?? PLAIN_ACCENT);
  };
  return (
    <button type="button" className="icon-button" title={label} aria-label={label} onClick={change}>
      {children}
    </button>
  );
}

function browserLook() {
  const theme = localStorage.getItem("theme") ?? "system";
  const accent = chosenAccent();
  // "system" is what Reflex writes down for everybody.
  return theme === "system" && !accent ? null : { theme, accent: accent ?? PLAIN_ACCENT };
}

function chosenAccent() {
  return localStorage.getItem(ACCENT_KEY);
}

function keepAccent(accent) {
  document.documentElement.dataset.accent = accent;
  localStorage.setItem(ACCENT_KEY, accent);
}
