import { useLayoutEffect, useRef, useState } from "react";

const DEAF_MS = 600;

/**
 * A button that costs something: whoever presses what stood in its place a moment ago does not press it.
 *
 * For a moment it hears neither clicks nor keys: after it appears, after it turns into another `offer`, after it can be
 * pressed at all, and after it was pressed.
 */
export function PriceButton({ offer, disabled, onClick, children, ...button }) {
  const isOff = Boolean(disabled);
  const [isDeaf, setIsDeaf] = useState(true);
  const hearsFrom = useRef(Infinity);
  useLayoutEffect(() => {
    setIsDeaf(true);
    hearsFrom.current = performance.now() + DEAF_MS;
    const timer = setTimeout(() => {
      hearsFrom.current = 0;
      setIsDeaf(false);
    }, DEAF_MS);
    return () => clearTimeout(timer);
  }, [offer, isOff]);
  const press = (event) => {
    const now = performance.now();
    if (now < hearsFrom.current) return;
    hearsFrom.current = now + DEAF_MS;
    onClick?.(event);
  };
  return (
    <button {...button} disabled={isOff} aria-disabled={isDeaf || undefined} onClick={press}>
      {children}
    </button>
  );
}
