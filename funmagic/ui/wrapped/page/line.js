/** Whether the live connection is there, as Reflex's client tells (see funmagic/ui/reflex_seams/client.py). */

export const isLineThere = () => window.funmagicLine === true;

/** Calls back at every change, and returns how to stop that. */
export function onLine(callback) {
  const tell = ({ detail }) => callback(detail);
  window.addEventListener("funmagic:line", tell);
  return () => window.removeEventListener("funmagic:line", tell);
}

/** Has Reflex's client connect again, as it does when people come back to a tab; it may have hung up by itself. */
export const reconnect = () => document.dispatchEvent(new Event("visibilitychange"));

/** Whether the server answers plain requests; a line may be away alone. */
export async function serverAnswers() {
  try {
    return (await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(4000) })).ok;
  } catch {
    return false;
  }
}

/** Resolves when the line is there, or the server answers. */
export async function untilReachable() {
  while (!isLineThere() && !(await serverAnswers())) await nextChance();
}

function nextChance() {
  return new Promise((resolve) => {
    const go = () => {
      clearTimeout(timer);
      window.removeEventListener("funmagic:line", go);
      window.removeEventListener("online", go);
      resolve();
    };
    const timer = setTimeout(go, 2000);
    window.addEventListener("funmagic:line", go);
    window.addEventListener("online", go);
  });
}
