import { useEffect, useState } from "react";
import { isLineThere, onLine } from "./line.js";
import { holdPresses } from "./presses.js";

const PATIENCE_MS = 5000;

/**
 * Says that a page cannot connect at all (`title`, `text`, `reload`), has presses wait while the connection is away
 * (`waiting`, and for links `opens`), and fetches what other pages need while nobody waits for anything.
 */
export function Connection({ texts }) {
  const isMissing = useMissing();
  const [isLinkHeld, setIsLinkHeld] = useState(false);
  useEffect(() => holdPresses(texts.waiting, setIsLinkHeld), [texts.waiting]);
  useEffect(fetchAhead, []);

  return (
    <>
      <div role="alert">
        {isMissing && (
          <div className="container">
            <div className="no-connection">
              <p className="no-connection-title">{texts.title}</p>
              <p>{texts.text}</p>
              <button type="button" className="button button-secondary button-md" onClick={() => window.location.reload()}>
                <span className="button-label">{texts.reload}</span>
              </button>
            </div>
          </div>
        )}
      </div>
      <div role="status" className={isLinkHeld ? "connection connection-link" : "connection"}>
        {isLinkHeld && (
          <div className="connection-banner">
            <span className="spinner" aria-hidden="true" />
            {texts.opens}
          </div>
        )}
      </div>
    </>
  );
}

/** Whether the first connection has been missing for longer than anybody should wait without a word. */
function useMissing() {
  const [isMissing, setIsMissing] = useState(false);
  useEffect(() => {
    if (isLineThere()) return undefined;
    const wasThere = window.funmagicLine !== undefined;
    const timer = setTimeout(() => setIsMissing(!wasThere && !isLineThere()), PATIENCE_MS);
    const stop = onLine((isThere) => isThere && (clearTimeout(timer), setIsMissing(false)));
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, []);
  return isMissing;
}

/** Once a page is there and idle: the scripts of all others, so that a link works while the line is cut. */
function fetchAhead() {
  if (navigator.connection?.saveData) return undefined;
  const idle = window.requestIdleCallback ?? ((callback) => setTimeout(callback, 1000));
  const start = () => idle(preloadPages);
  if (document.readyState === "complete") start();
  else window.addEventListener("load", start, { once: true });
  return () => window.removeEventListener("load", start);
}

function preloadPages() {
  const routes = Object.values(window.__reactRouterManifest?.routes ?? {});
  const known = new Set([...document.querySelectorAll("link[rel=modulepreload]")].map((link) => link.getAttribute("href")));
  for (const file of new Set(routes.flatMap(({ module, imports = [] }) => [module, ...imports]))) {
    if (known.has(file)) continue;
    const link = document.createElement("link");
    link.rel = "modulepreload";
    link.href = file;
    link.fetchPriority = "low";
    document.head.append(link);
  }
}
