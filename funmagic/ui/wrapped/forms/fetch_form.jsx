import { useEffect, useRef, useState } from "react";
import { DonePanel } from "./done_panel.jsx";
import { Waiting, useSecondsLeft, whenToComeBack } from "./waiting.jsx";

const READY = { busy: false, error: "", code: "", until: 0, first: 0 };

/**
 * A form whose fields go to `action` as JSON; errors appear above its children, which keep their values.
 * Success leaves for `nextUrl`, or shows the `panel` in the form's place; with `asksSession` the session decides which.
 * With `onDone` the form stays, empty again. Whoever asks too often sees `waitText` count the `{seconds}` down.
 */
export function FetchForm({ action, method = "POST", nextUrl, messages = {}, waysOn = {}, children, ...rest }) {
  const { adds = [], panel, inboxHref, asksSession, onDone, waitText } = rest;
  const form = useRef(null);
  const isPending = useRef(false);
  const [status, setStatus] = useState(READY);
  const [sent, setSent] = useState(null);
  const left = useSecondsLeft(status.until, () => setStatus(READY));
  const isOff = status.busy || status.until > 0;

  useEffect(() => {
    // Reflex owns the buttons among the children, so they are switched off in the DOM.
    for (const button of form.current.querySelectorAll("[type=submit]")) button.disabled = isOff;
  }, [isOff]);

  const send = async (fields) => {
    if (isPending.current || status.until > 0) return;
    isPending.current = true;
    setStatus({ ...READY, busy: true });
    const answer = await callApi(action, fields, messages, method);
    const stays = !answer.error && panel && !(asksSession && (await isSignedIn()));
    isPending.current = false;
    if (answer.error) return setStatus({ ...READY, ...answer });
    if (onDone) {
      setStatus(READY);
      form.current.reset();
      return onDone();
    }
    if (!stays) return leaveFor(nextUrl);
    setStatus(READY);
    setSent((before) => ({ fields, times: (before?.times ?? 0) + 1 }));
  };
  const submit = (event) => {
    event.preventDefault();
    const typed = Object.fromEntries(new FormData(form.current));
    send({ ...typed, ...Object.fromEntries(adds.map((name) => [name, ADDITIONS[name](nextUrl)])) });
  };

  return (
    <>
      <form
        ref={form}
        className="form-stack"
        method="post"
        hidden={Boolean(sent)}
        aria-busy={status.busy}
        onSubmit={submit}
      >
        <Problem status={sent ? READY : status} waysOn={waysOn} waitText={waitText} left={left} />
        {children}
      </form>
      {sent && (
        <DonePanel
          panel={panel}
          email={sent.fields.email}
          times={sent.times}
          busy={isOff}
          inboxHref={inboxHref}
          onAgain={() => send(sent.fields)}
          onBack={() => {
            setStatus(READY);
            setSent(null);
          }}
          onReturn={async () => (await isSignedIn()) && leaveFor(nextUrl)}
        >
          <Problem status={status} waysOn={waysOn} waitText={waitText} left={left} />
        </DonePanel>
      )}
    </>
  );
}

/** A button that calls the API, and then leaves for `nextUrl`, or says `doneLabel` in its own place. */
export function FetchButton({ label, action, nextUrl, doneLabel, messages = {}, children, ...rest }) {
  const { className = "menu-item", waitText } = rest;
  const [status, setStatus] = useState(READY);
  const [isDone, setIsDone] = useState(false);
  const left = useSecondsLeft(status.until, () => setStatus(READY));
  const isOff = status.busy || status.until > 0;
  const call = async () => {
    setStatus({ ...READY, busy: true });
    const answer = await callApi(action, undefined, messages);
    if (answer.error) return setStatus({ ...READY, ...answer });
    if (!doneLabel) return leaveFor(nextUrl);
    setIsDone(true);
  };
  return (
    <>
      {!isDone && (
        <button type="button" className={className} disabled={isOff} aria-busy={status.busy} onClick={call}>
          {children}
          {label}
        </button>
      )}
      {doneLabel && <span role="status">{isDone ? doneLabel : ""}</span>}
      <span role="alert" className={status.error ? "field-error" : "notice-empty"}>
        <Told status={status} waitText={waitText} left={left} />
      </span>
    </>
  );
}

/** What went wrong, with a link where there is a way on. */
function Problem({ status, waysOn, waitText, left }) {
  const way = waysOn[status.code];
  return (
    <div role="alert" className={status.error ? "notice notice-danger" : "notice-empty"}>
      <span>
        <Told status={status} waitText={waitText} left={left} />
        {way && " "}
        {way && <a className="link" href={way.href}>{way.label}</a>}
      </span>
    </div>
  );
}

function Told({ status, waitText, left }) {
  return waitText && status.until > 0 ? <Waiting text={waitText} left={left} first={status.first} /> : status.error;
}

/** What forms can add to their fields, by name. */
const ADDITIONS = {
  next: (nextUrl) => nextUrl || window.location.pathname + window.location.search,
  token: () => new URLSearchParams(window.location.search).get("token") ?? "",
  browserKey,
};

async function callApi(action, fields, messages, method = "POST") {
  const fallback = messages.default ?? "";
  try {
    const response = await fetch(action, {
      method,
      credentials: "include",
      headers: fields === undefined ? {} : { "Content-Type": "application/json" },
      body: fields === undefined ? undefined : JSON.stringify(fields),
    });
    if (response.ok) return {};
    const body = await response.json().catch(() => ({}));
    const error = messages[body.error?.code] ?? body.error?.message ?? fallback;
    return { error, code: body.error?.code ?? "", ...whenToComeBack(response) };
  } catch {
    return { error: messages.network ?? fallback };
  }
}

async function isSignedIn() {
  try {
    const response = await fetch("/api/auth/session", { credentials: "include", cache: "no-store" });
    return Boolean((await response.json()).user);
  } catch {
    return false;
  }
}

/** A secret of this browser's own: whoever shows it again is who signed up here. */
function browserKey() {
  const name = "funmagic.browserKey";
  try {
    const kept = localStorage.getItem(name);
    if (kept) return kept;
    const made = [...crypto.getRandomValues(new Uint8Array(24))].map((byte) => byte.toString(16).padStart(2, "0"));
    localStorage.setItem(name, made.join(""));
    return made.join("");
  } catch {
    // A browser that keeps nothing.
    return "";
  }
}

/** A full document navigation: the new cookie must reach the websocket, and only a new page opens a new one. */
function leaveFor(nextUrl) {
  const here = window.location;
  const target = new URL(nextUrl || here.href, here.href);
  // `next` may come from the address bar: never leave the site for it.
  if (target.origin !== here.origin) return here.assign("/");
  if (target.pathname + target.search !== here.pathname + here.search) return here.assign(target.href);
  here.hash = target.hash;
  here.reload();
}
