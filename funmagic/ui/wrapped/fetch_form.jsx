import { useEffect, useRef, useState } from "react";

/** A form whose fields go to `action` as JSON; errors appear above its children, which keep their values. */
export function FetchForm({ action, nextUrl, messages = {}, children }) {
  const form = useRef(null);
  const isPending = useRef(false);
  const [status, setStatus] = useState({ busy: false, error: "" });

  useEffect(() => {
    // Reflex owns the buttons among the children, so they are switched off in the DOM.
    for (const button of form.current.querySelectorAll("[type=submit]")) button.disabled = status.busy;
  }, [status.busy]);

  const submit = async (event) => {
    event.preventDefault();
    if (isPending.current) return;
    isPending.current = true;
    setStatus({ busy: true, error: "" });
    const answer = await callApi(action, Object.fromEntries(new FormData(form.current)), messages);
    isPending.current = false;
    if (answer.error) return setStatus({ busy: false, error: answer.error });
    leaveFor(nextUrl);
  };

  return (
    <form ref={form} className="form-stack" method="post" aria-busy={status.busy} onSubmit={submit}>
      <div role="alert" className={status.error ? "notice notice-danger" : "notice-empty"}>{status.error}</div>
      {children}
    </form>
  );
}

/** A button that calls the API and then leaves for `nextUrl`. */
export function FetchButton({ label, action, nextUrl, messages = {}, children }) {
  const [status, setStatus] = useState({ busy: false, error: "" });
  const call = async () => {
    setStatus({ busy: true, error: "" });
    const answer = await callApi(action, undefined, messages);
    if (answer.error) return setStatus({ busy: false, error: answer.error });
    leaveFor(nextUrl);
  };
  return (
    <>
      <button type="button" className="menu-item" disabled={status.busy} aria-busy={status.busy} onClick={call}>
        {children}
        {label}
      </button>
      <span role="alert" className={status.error ? "field-error" : "notice-empty"}>{status.error}</span>
    </>
  );
}

async function callApi(action, fields, messages) {
  const fallback = messages.default ?? "";
  try {
    const response = await fetch(action, {
      method: "POST",
      credentials: "include",
      headers: fields === undefined ? {} : { "Content-Type": "application/json" },
      body: fields === undefined ? undefined : JSON.stringify(fields),
    });
    if (response.ok) return {};
    const body = await response.json().catch(() => ({}));
    return { error: messages[body.error?.code] ?? body.error?.message ?? fallback };
  } catch {
    return { error: messages.network ?? fallback };
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
