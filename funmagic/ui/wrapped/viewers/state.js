import { useEffect, useRef, useState } from "react";
import { Unreachable, fetchBytes } from "./loading.js";

/**
 * Loads `src` into a 3D scene on a canvas of its own inside `holder`: {status, problem, share, scene, retry}.
 * `importModule()` brings the code; Three.js comes with it, so only people who look at a scene pay for it.
 * Status: loading, ready, error (problem: unreachable, broken or lost), unsupported.
 */
export function useScene({ src, holder, importModule, place, antialias }) {
  const [attempt, setAttempt] = useState(0);
  const [view, setView] = useState({ status: "loading" });
  const bytes = useRef({});
  // A signed address of the same file may change whenever the page reads it again.
  const file = src?.split("?")[0];
  const latest = useRef(src);
  latest.current = src;

  useEffect(() => {
    if (!file) return undefined;
    setView({ status: "loading" });
    const ended = new AbortController();
    const show = (next) => !ended.signal.aborted && setView(next);
    const canvas = document.createElement("canvas");
    holder.current.append(canvas);
    const again = () => setAttempt((count) => count + 1);
    const stopWatching = watchContext(canvas, () => show({ status: "error", problem: "lost" }), again);
    let scene = null;
    const open = async () => {
      const context = canvas.getContext("webgl2", { alpha: true, antialias });
      if (!context) return show({ status: "unsupported" });
      const [module, data] = await Promise.all([
        importModule().catch((error) => { throw new Unreachable(error.message); }),
        loadOnce(bytes, file, () => fetchBytes(latest.current, {
          signal: ended.signal,
          onProgress: (share) => show({ status: "loading", share }),
        })),
      ]);
      if (ended.signal.aborted) return undefined;
      const opened = await module.openScene({ bytes: data, canvas, context, ...place });
      if (ended.signal.aborted) return opened.dispose();
      scene = opened;
      return show({ status: "ready", scene });
    };
    open().catch((error) => {
      if (ended.signal.aborted) return;
      console.warn("The 3D view could not be opened.", error);
      show(whatWentWrong(error, canvas));
    });
    return () => {
      ended.abort();
      stopWatching();
      scene?.dispose();
      canvas.remove();
    };
  }, [file, attempt]);

  return { ...view, retry: () => setAttempt((count) => count + 1) };
}

async function loadOnce(kept, file, load) {
  if (kept.current.file !== file) kept.current = { file, data: await load() };
  return kept.current.data;
}

function whatWentWrong(error, canvas) {
  if (canvas.getContext("webgl2")?.isContextLost()) return { status: "error", problem: "lost" };
  return { status: "error", problem: error instanceof Unreachable ? "unreachable" : "broken" };
}

/** Tells when the graphics card gives up, and when it is back. */
function watchContext(canvas, onLost, onBack) {
  const lost = (event) => {
    // Without this the browser never gives it back.
    event.preventDefault();
    onLost();
  };
  canvas.addEventListener("webglcontextlost", lost);
  canvas.addEventListener("webglcontextrestored", onBack);
  return () => {
    canvas.removeEventListener("webglcontextlost", lost);
    canvas.removeEventListener("webglcontextrestored", onBack);
  };
}

/** Whether the element fills the screen, and a function that switches it. */
export function useFullScreen(root) {
  const [isFull, setIsFull] = useState(false);
  useEffect(() => {
    const follow = () => setIsFull(document.fullscreenElement === root.current);
    document.addEventListener("fullscreenchange", follow);
    return () => document.removeEventListener("fullscreenchange", follow);
  }, []);
  const toggle = () => {
    if (document.fullscreenElement === root.current) return document.exitFullscreen();
    // iPhones let only videos fill the screen: there the element fills the window.
    if (!root.current.requestFullscreen) return setIsFull(!isFull);
    return root.current.requestFullscreen().catch(() => setIsFull(true));
  };
  return { isFull, toggle, leave: () => isFull && toggle() };
}

/** Calls `onTheme({isDark, accent})` now and whenever the page changes between light and dark. */
export function useTheme(element, onTheme, isWanted) {
  useEffect(() => {
    if (!isWanted) return undefined;
    const tell = () => onTheme({ isDark: document.documentElement.classList.contains("dark"), accent: accentOf(element.current) });
    tell();
    const observer = new MutationObserver(tell);
    observer.observe(document.documentElement, { attributeFilter: ["class", "data-accent"] });
    return () => observer.disconnect();
  }, [isWanted]);
}

/** The accent in a notation that every library reads: a canvas is what turns any colour into bytes. */
function accentOf(element) {
  const brush = document.createElement("canvas").getContext("2d");
  brush.fillStyle = getComputedStyle(element).getPropertyValue("--accent-text");
  brush.fillRect(0, 0, 1, 1);
  return `rgb(${[...brush.getImageData(0, 0, 1, 1).data.slice(0, 3)].join(",")})`;
}

/** Whether this person asked for little motion. */
export function wantsCalm() {
  return typeof window !== "undefined" && window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}
