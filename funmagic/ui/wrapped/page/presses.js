/** What people press while the connection is away: it waits, says so, and is done once. */

import { isLineThere, onLine, reconnect, untilReachable } from "./line.js";

// A button that spends credits: its press is worth something only on a page that is loaded.
const PRICED = "button.price-button";
const READY_MS = 30_000;
// What says why a press started no run.
const REFUSALS = "dialog[open], .panel-action .notice-danger, .processing-failed";

let lastPriced = null;
let heldPriced = null;
// What a link waits for: true once the page says why a press that waited led nowhere.
let outcome = Promise.resolve(false);
let pressed = null;
let replaying = null;
let newestLink = 0;

/** The button that spends credits and was pressed last, by its words; null when none was on this page. */
export const pricedPress = () => (lastPriced?.path === window.location.pathname ? lastPriced.words : null);

/**
 * Presses the button with these words as soon as the page lets people press it; once, or never.
 * `onEnd` is called right before, or when it is given up, and hears which.
 */
export function pressWhenReady(words, onEnd) {
  const isIt = (one) => wordsOf(one) === words && hears(one) && one.checkVisibility();
  const find = () => [...document.querySelectorAll(PRICED)].find(isIt);
  const press = () => {
    const button = isLineThere() && find();
    if (!button) return false;
    stop(true);
    button.click();
    return true;
  };
  const observer = new MutationObserver(press);
  const timer = setTimeout(() => stop(false), READY_MS);
  const stop = (isPressed) => {
    observer.disconnect();
    clearTimeout(timer);
    onEnd?.(isPressed);
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
  const release = (but) => {
    for (const [button, note] of marked) {
      if (but && wordsOf(button) === but) continue;
      note.remove();
      delete button.dataset.waiting;
      button.setAttribute("aria-busy", "false");
      marked.delete(button);
    }
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
    outcome = new Promise((resolve) => (heldPriced.tell = resolve));
  };
  // What the page knew of the photo may be gone together with the process: the page is loaded first.
  const onLoaded = () => {
    const held = heldPriced;
    heldPriced = null;
    if (!held) return;
    const onEnd = (isPressed) => {
      release();
      held.tell(isPressed && refusalOrRun());
    };
    if (held.path === window.location.pathname) pressWhenReady(held.words, onEnd);
    else onEnd(false);
  };
  const holdLink = async (event, link) => {
    stopHere(event);
    const mine = ++newestLink;
    tellHeld(true);
    await untilReachable();
    // A run that was asked for before is started first; where it is not, the page that says why stays.
    const isRefused = await Promise.race([outcome, after(READY_MS)]);
    if (mine !== newestLink) return;
    tellHeld(false);
    if (isRefused) return;
    if (!link.isConnected) return window.location.assign(link.href);
    replaying = link;
    link.click();
    replaying = null;
  };

  const onClick = (event) => {
    const button = event.target.closest?.("button");
    if (button && !hears(button)) return undefined;
    if (button?.matches(PRICED)) lastPriced = { path: window.location.pathname, words: wordsOf(button) };
    if (button && marked.has(button)) return stopHere(event);
    if (isLineThere()) return undefined;
    if (button) {
      if (button.matches(PRICED) && isLoadedOnce()) return holdPriced(event, button);
      pressed = button;
      setTimeout(() => (pressed = null));
      return undefined;
    }
    const link = event.target.closest?.("a[href]");
    return link && link !== replaying && leavesPage(link, event) ? holdLink(event, link) : undefined;
  };
  const onHeld = () => pressed && mark(pressed);
  // A press that costs something says that it waits until it is done.
  const stopListening = onLine((isThere) => isThere && release(heldPriced?.words));

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

/** Resolves once the page shows what became of a press: a run's own address (false), or why there is none (true). */
function refusalOrRun() {
  const { search } = window.location;
  return new Promise((resolve) => {
    const look = () => {
      const isRun = window.location.search !== search;
      if (isRun || document.querySelector(REFUSALS)) end(!isRun);
    };
    const observer = new MutationObserver(look);
    const timer = setTimeout(() => end(false), READY_MS);
    const end = (isRefused) => {
      observer.disconnect();
      clearTimeout(timer);
      resolve(isRefused);
    };
    observer.observe(document.body, { subtree: true, childList: true, attributes: true });
  });
}

const after = (ms) => new Promise((resolve) => setTimeout(() => resolve(false), ms));

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
