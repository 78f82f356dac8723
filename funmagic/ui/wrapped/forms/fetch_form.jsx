import { useEffect, useRef, useState } from "react";
import { DonePanel } from "./done_panel.jsx";
import { Waiting, useSecondsLeft, whenToComeBack } from "./waiting.jsx";

const READY = { busy: false, error: "", code: "", until: 0, first: 0 };

/**
 * A form whose fields go to `action` as JSON; errors appear above its children, which keep their values.
 * `after` is what success brings: {leave}: off to that address; {panel, leave, asksSession}: a panel in the form's place,
 * but with `asksSession` whoever is signed in by then is off, too; {stay}: the form is there, empty again.
 * `messages` say what went wrong; their `wait` counts the `{seconds}` down for whoever sends too often.
 */
export function FetchForm({ action, method = "POST", after, messages, waysOn = {}, adds = [], onDone, children }) {
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
    const leaves = !answer.error && !after.stay && (!after.panel || (after.asksSession && (await isSignedIn())));
    isPending.current = false;
    if (answer.error) return setStatus({ ...READY, ...answer });
    if (leaves) return leaveFor(after.leave);
    if (after.stay) form.current.reset();
    else setSent((before) => ({ fields, times: (before?.times ?? 0) + 1 }));
    setStatus(READY);
    onDone?.();
  };
  const submit = (event) => {
    event.preventDefault();
    const typed = Object.fromEntries(new FormData(form.current));
    send({ ...typed, ...Object.fromEntries(adds.map((name) => [name, ADDITIONS[name](after.leave)])) });
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
        <Problem status={sent ? READY : status} waysOn={waysOn} waitText={messages.wait} left={left} />
        {children}
      </form>
      {sent && (
        <DonePanel
          panel={after.panel}
          email={sent.fields.email}
          times={sent.times}
          busy={isOff}
          onAgain={() => send(sent.fields)}
          onBack={() => {
            setStatus(READY);
            setSent(null);
          }}
          onReturn={async () => (await isSignedIn()) && leaveFor(after.leave)}
        >
          <Problem status={status} waysOn={waysOn} waitText={messages.wait} left={left} />
        </DonePanel>
      )}
    </>
  );
}

/** A button that calls the API, and `after` that is off to an address ({leave}), or says something in its place ({say}). */
export function FetchButton({ label, action, after, messages, className = "menu-item", children }) {
  const [status, setStatus] = useState(READY);
  const [isDone, setIsDone] = useState(false);
  const left = useSecondsLeft(status.until, () => setStatus(READY));
  const isOff = status.busy || status.until > 0;
  const call = async () => {
    setStatus({ ...READY, busy: true });
    const answer = await callApi(action, undefined, messages);
    if (answer.error) return setStatus({ ...READY, ...answer });
    if (!after.say) return leaveFor(after.leave);
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
      {after.say && <span role="status">{isDone ? after.say : ""}</span>}
      <span role="alert" className={status.error ? "field-error" : "notice-empty"}>
        <Told status={status} waitText={messages.wait} left={left} />
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
