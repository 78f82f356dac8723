import { useEffect, useRef } from "react";
import { pressWhenReady, pricedPress } from "./presses.js";

const CHANNEL = "funmagic.viewer";
const GO_ON = "funmagic.goOn";
const RELOADED = "funmagic.reloaded";
const RELOAD_AGAIN_MS = 10_000;
const GO_ON_WITHIN_MS = 60_000;

/**
 * Has every tab of a browser show whom it is signed in as: `viewer` is the email that this one shows, empty for nobody.
 * A tab that shows somebody else is loaded anew, with a new socket; the run that was asked for in it goes on by itself.
 * On the pages of `staysOn`, what they show must not go away.
 */
export function SessionWatch({ isLoaded, viewer, staysOn = [] }) {
  const shown = useRef(null);
  shown.current = isLoaded ? viewer : null;

  useEffect(() => {
    const check = async () => {
      if (shown.current === null || staysOn.includes(window.location.pathname)) return;
      const now = await askViewer();
      if (now !== null && shown.current !== null && now !== shown.current) loadAnew(shown.current, now);
    };
    const onVisible = () => document.visibilityState === "visible" && check();
    const channel = openChannel(check);
    document.addEventListener("visibilitychange", onVisible);
    window.addEventListener("focus", check);
    window.addEventListener("pageshow", check);
    return () => {
      channel?.close();
      document.removeEventListener("visibilitychange", onVisible);
      window.removeEventListener("focus", check);
      window.removeEventListener("pageshow", check);
    };
  }, []);
  useEffect(() => {
    if (!isLoaded) return;
    tellOthers();
    // A server that knows this tab from before may first show whom it showed then.
    const words = viewer && takeGoOn();
    if (words) pressWhenReady(words);
  }, [isLoaded, viewer]);
  return null;
}

/** The email of this browser's session, empty without one; null when nobody can say. */
async function askViewer() {
  try {
    const response = await fetch("/api/auth/session", { credentials: "include", cache: "no-store" });
    if (!response.ok) return null;
    return (await response.json()).user?.email ?? "";
  } catch {
    return null;
  }
}

function loadAnew(was, now) {
  const [before, at] = (sessionStorage.getItem(RELOADED) ?? "").split("\n");
  // Should the page and the server ever disagree for good, it is not loaded for ever.
  if (before === `${was}>${now}` && Date.now() - Number(at) < RELOAD_AGAIN_MS) return;
  sessionStorage.setItem(RELOADED, `${was}>${now}\n${Date.now()}`);
  const words = document.querySelector("#sign-in-dialog[open]") && pricedPress();
  if (now && words) sessionStorage.setItem(GO_ON, [window.location.pathname, words, Date.now()].join("\n"));
  window.location.reload();
}

/** The words of the button whose run was asked for before this page was loaded; told once. */
function takeGoOn() {
  const [path, words, at] = (sessionStorage.getItem(GO_ON) ?? "").split("\n");
  sessionStorage.removeItem(GO_ON);
  return path === window.location.pathname && Date.now() - Number(at) < GO_ON_WITHIN_MS ? words : null;
}

function openChannel(onMessage) {
  try {
    const channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = onMessage;
    return channel;
  } catch {
    return null;
  }
}

/** Every tab asks for itself; what one says of itself need not be true any more. */
function tellOthers() {
  const channel = openChannel(null);
  channel?.postMessage("loaded");
  channel?.close();
}
