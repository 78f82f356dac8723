/** What people press while the connection is away: it waits, says so, and is done once. */

import { isLineThere, onLine, reconnect, untilReachable } from "./line.js";

// A button that spends credits: its press is worth something only on a page that is loaded.
const PRICED = "button.price-button";
const READY_MS = 30_000;

let lastPriced = null;
let heldPriced = null;
let pressed = null;
let replaying = null;
let newestLink = 0;

/** The button that spends credits and was pressed last, by its words; null when none was on this page. */
export const pricedPress = () => (lastPriced?.path === window.location.pathname ? lastPriced.words : null);

/** Presses the button with these words as soon as the page lets people press it; once, or never. */
export function pressWhenReady(words) {
  const isIt = (one) => wordsOf(one) === words && hears(one) && one.checkVisibility();
  const find = () => [...document.querySelectorAll(PRICED)].find(isIt);
  const press = () => {
    const button = isLineThere() && find();
    if (!button) return false;
    stop();
    button.click();
    return true;
  };
  const observer = new MutationObserver(press);
  const timer = setTimeout(() => stop(), READY_MS);
  const stop = () => {
    observer.disconnect();
    clearTimeout(timer);
  };
  if (!press()) observer.observe(document.body, { subtree: true, childList: true, attributes: true });
}

/** From now on presses wait as long as the connection is away; `tellHeld` hears whether a link waits. */
export function holdPresses(label, tellHeld) {
  const marked = new Map();
  const mark = (button) => {
    if (marked.has(button)) return;
    const note = document.createElement("span");
    note.className = "button-waiting";
    note.textContent = label;
    button.append(note);
    button.dataset.waiting = "true";
    button.setAttribute("aria-busy", "true");
    marked.set(button, note);
  };
  const release = () => {
    for (const [button, note] of marked) {
      note.remove();
      delete button.dataset.waiting;
      button.setAttribute("aria-busy", "false");
    }
    marked.clear();
  };
  const stopHere = (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
  };

  const holdPriced = (event, button) => {
    stopHere(event);
    if (heldPriced) return;
    mark(button);
    reconnect();
    heldPriced = { path: window.location.pathname, words: wordsOf(button) };
  };
  // What the page knew of the photo may be gone together with the process: the page is loaded first.
  const onLoaded = () => {
    const held = heldPriced;
    heldPriced = null;
    if (held?.path === window.location.pathname) pressWhenReady(held.words);
  };
  const holdLink = async (event, link) => {
    stopHere(event);
    const mine = ++newestLink;
    tellHeld(true);
    await untilReachable();
    if (mine !== newestLink) return;
    tellHeld(false);
    if (!link.isConnected) return window.location.assign(link.href);
    replaying = link;
    link.click();
    replaying = null;
  };

  const onClick = (event) => {
    const button = event.target.closest?.("button");
    if (button && !hears(button)) return undefined;
    if (button?.matches(PRICED)) lastPriced = { path: window.location.pathname, words: wordsOf(button) };
    if (isLineThere()) return undefined;
    if (button) {
      if (marked.has(button)) return stopHere(event);
      if (button.matches(PRICED) && isLoadedOnce()) return holdPriced(event, button);
      pressed = button;
      setTimeout(() => (pressed = null));
      return undefined;
    }
    const link = event.target.closest?.("a[href]");
    return link && link !== replaying && leavesPage(link, event) ? holdLink(event, link) : undefined;
  };
  const onHeld = () => pressed && mark(pressed);
  const stopListening = onLine((isThere) => isThere && release());

  window.addEventListener("click", onClick, true);
  window.addEventListener("funmagic:held", onHeld);
  window.addEventListener("funmagic:loaded", onLoaded);
  return () => {
    release();
    stopListening();
    window.removeEventListener("click", onClick, true);
    window.removeEventListener("funmagic:held", onHeld);
    window.removeEventListener("funmagic:loaded", onLoaded);
  };
}

/** Whether a press of it would count: one that costs something is deaf for a moment. */
const hears = (button) => !button.disabled && button.getAttribute("aria-disabled") !== "true";

const wordsOf = (button) => button.querySelector(".button-label")?.textContent;

const isLoadedOnce = () => window.funmagicLine !== undefined;

/** Whether a click would ask our server for another page, here. */
function leavesPage(link, event) {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return false;
  if (link.target && link.target !== "_self") return false;
  const to = new URL(link.href, window.location.href);
  const isHere = to.pathname === window.location.pathname && to.search === window.location.search;
  return to.origin === window.location.origin && !(isHere && to.hash);
}
