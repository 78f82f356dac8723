import { useEffect, useRef, useState } from "react";

const IDLE = { phase: "idle", percent: 0, reason: "" };
// Too slow, too many: what a busy store answers although nothing is wrong with the ticket.
const TRY_AGAIN = [408, 429];

/**
 * Uploads `file` whenever a ticket with a new id arrives. Percentages stay in the browser.
 * Phases: idle, sending, sent, failed (reason: no_photo, network, server, or rejected: this ticket will not do).
 */
export function useUpload(file, ticket, events) {
  const [state, setState] = useState(IDLE);
  const request = useRef(null);
  const seen = useRef(null);
  const latest = useRef({});
  latest.current = { file, ticket, events };

  const stop = () => {
    request.current?.abort();
    request.current = null;
  };
  const reset = () => {
    stop();
    setState(IDLE);
  };
  const fail = (id, reason) => {
    setState({ ...IDLE, phase: "failed", reason });
    latest.current.events.onUploadFailed(id, reason);
  };
  const send = () => {
    const { file, ticket } = latest.current;
    if (!file) return fail(ticket.id, "no_photo");
    stop();
    setState({ ...IDLE, phase: "sending" });
    request.current = put(file, ticket, {
      onProgress: (percent) => setState({ ...IDLE, phase: "sending", percent }),
      onDone: () => {
        setState({ ...IDLE, phase: "sent", percent: 100 });
        latest.current.events.onUploaded(ticket.id);
      },
      onFail: (reason) => fail(ticket.id, reason),
    });
  };

  // Before the next effect, whose upload may start in the same commit as the new file.
  useEffect(() => setState(IDLE), [file]);
  useEffect(() => {
    if (!ticket?.id) {
      stop();
      // A failure stays on the screen after the page has let go of its ticket.
      setState((known) => (known.phase === "failed" ? known : IDLE));
    } else if (ticket.id !== seen.current) {
      send();
    }
    seen.current = ticket?.id ?? null;
  }, [ticket?.id]);
  useEffect(
    () => () => {
      stop();
      seen.current = null;
    },
    [],
  );

  const cancel = () => {
    reset();
    events.onCancelUpload(ticket?.id ?? "");
  };
  return { ...state, cancel, reset, retry: ticket?.id && state.reason !== "rejected" ? send : null };
}

/** One XMLHttpRequest, because fetch tells nothing about how much it has sent. */
function put(file, { url, method = "PUT", headers = {} }, { onProgress, onDone, onFail }) {
  const request = new XMLHttpRequest();
  request.open(method, url);
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  request.upload.onprogress = ({ loaded, total }) => onProgress(Math.floor((loaded / total) * 100));
  request.onload = () => {
    if (request.status >= 200 && request.status < 300) onDone();
    else onFail(request.status >= 500 || TRY_AGAIN.includes(request.status) ? "server" : "rejected");
  };
  request.onerror = () => onFail("network");
  request.send(file);
  return request;
}
