import { useLayoutEffect, useState } from "react";

/** The seconds left until `until` (as performance.now() tells time), counted down; calls `onEnd` when none are. */
export function useSecondsLeft(until, onEnd) {
  const [left, setLeft] = useState(0);
  // Before the browser paints: no other number is ever seen first.
  useLayoutEffect(() => {
    if (!until) return undefined;
    const count = () => {
      const seconds = Math.ceil((until - performance.now()) / 1000);
      setLeft(seconds);
      if (seconds <= 0) onEnd();
    };
    count();
    const timer = setInterval(count, 250);
    return () => clearInterval(timer);
  }, [until]);
  return left;
}

/** A text that names the `{seconds}` left; whoever cannot see it is told once, not every second. */
export function Waiting({ text, left, first }) {
  const say = (seconds) => text.replace("{seconds}", String(seconds));
  return (
    <>
      <span className="visually-hidden">{say(first)}</span>
      <span role="timer" aria-hidden="true">{say(left)}</span>
    </>
  );
}

/** When a refused request may be sent again, as performance.now() tells time; nothing when the answer does not say. */
export function whenToComeBack(response) {
  const seconds = response.status === 429 ? Number(response.headers.get("Retry-After")) : 0;
  return seconds > 0 ? { until: performance.now() + seconds * 1000, first: seconds } : {};
}
