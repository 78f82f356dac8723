import { useRef, useState } from "react";
import { Icon, ICONS, Tool } from "./controls.jsx";
import { useFullScreen } from "./state.js";

const DEGREES = 12;
const CLOSER = 1.15;

/** What a viewer's parts share: its root, where the canvas goes, and how the camera behaves. */
export function useFrame(isCalm) {
  const root = useRef(null);
  const holder = useRef(null);
  const tools = useRef(null);
  const place = {
    isCalm,
    // Until somebody turned to the viewer, the wheel is for the page.
    isWheelOurs: (event) => event.ctrlKey || root.current.contains(document.activeElement) || root.current.dataset.full === "true",
    insetBelow: () => (tools.current ? tools.current.offsetHeight + 16 : 0),
  };
  return { root, holder, tools, place, full: useFullScreen(root) };
}

/** A 3D view with its picture while loading, its trouble, its tools and its keys. */
export function ViewerFrame({ frame, view, texts, poster, download, shortcuts = {}, said = "", isDark = true, children, ...root }) {
  const { stage } = view.scene ?? {};
  const isReady = view.status === "ready";
  const [isHelpOpen, setIsHelpOpen] = useState(false);
  const [isTouched, setIsTouched] = useState(false);
  const keys = {
    ArrowLeft: () => stage.turn(-DEGREES, 0),
    ArrowRight: () => stage.turn(DEGREES, 0),
    ArrowUp: () => stage.turn(0, DEGREES),
    ArrowDown: () => stage.turn(0, -DEGREES),
    "+": () => stage.zoom(CLOSER),
    "=": () => stage.zoom(CLOSER),
    "-": () => stage.zoom(1 / CLOSER),
    r: () => stage.reset(),
    f: frame.full.toggle,
    ...Object.fromEntries(Object.entries(shortcuts).map(([key, { act }]) => [key, act])),
  };
  const onKeyDown = (event) => {
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!stage || !act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    setIsTouched(true);
    act();
  };
  const closeOnEscape = (event) => {
    if (event.key !== "Escape") return;
    setIsHelpOpen(false);
    frame.full.leave();
  };

  return (
    <div
      ref={frame.root}
      className={`viewer${isDark ? " dark" : ""}`}
      data-state={view.status}
      data-problem={view.problem}
      data-full={frame.full.isFull}
      onKeyDown={closeOnEscape}
      {...root}
    >
      {poster && <img className="viewer-poster" src={poster} alt={isReady ? "" : texts.label} style={posterPlace(view.scene)} />}
      <div
        ref={frame.holder}
        className="viewer-canvas"
        role="application"
        aria-label={texts.label}
        aria-description={texts.keys}
        tabIndex={isReady ? 0 : -1}
        hidden={view.status === "unsupported"}
        onKeyDown={onKeyDown}
        onPointerDown={() => {
          setIsTouched(true);
          // Left to the browser, focus would scroll the page under the pointer.
          frame.holder.current.focus({ preventScroll: true });
        }}
      />
      {isReady && (
        <p className={`viewer-hint${isTouched ? " viewer-hint-gone" : ""}`} aria-hidden="true">
          <span className="viewer-hint-mouse">{texts.hint_mouse}</span>
          <span className="viewer-hint-touch">{texts.hint_touch}</span>
        </p>
      )}
      {/* There while loading too, unseen: the camera makes room for it. */}
      {(isReady || view.status === "loading") && (
        <div ref={frame.tools} className="viewer-tools" role="group" aria-label={texts.controls}>
          {children}
          <div className="viewer-buttons">
            {Object.entries(shortcuts).map(([key, { icon, label, isPressed, act }]) => (
              <Tool key={key} {...{ icon, label, isPressed }} keyName={nameOf(key, texts)} onClick={act} />
            ))}
            <Tool icon="reset" label={texts.reset} keyName="R" onClick={() => stage.reset()} />
            <Tool
              icon={frame.full.isFull ? "leave" : "full"}
              label={frame.full.isFull ? texts.leave_full_screen : texts.full_screen}
              keyName="F"
              onClick={frame.full.toggle}
            />
            <Tool icon="help" label={texts.help} aria-expanded={isHelpOpen} onClick={() => setIsHelpOpen(!isHelpOpen)} />
          </div>
        </div>
      )}
      {isReady && isHelpOpen && <Help texts={texts} shortcuts={shortcuts} />}
      {view.status === "loading" && <Loading share={view.share} text={texts.loading} />}
      {(view.status === "error" || view.status === "unsupported") && (
        <Trouble texts={texts} text={texts[view.problem ?? "unsupported"]} onRetry={view.problem && view.retry} download={download} />
      )}
      <p role="status" className="visually-hidden">{said}</p>
    </div>
  );
}

/** Once there is a scene, the poster lies where the scene shows the same: while one fades into the other, nothing doubles. */
function posterPlace(scene) {
  if (!scene?.poster.side) return undefined;
  const { left, top, side } = scene.poster;
  return { inset: "auto", left, top, width: side, height: side, maxWidth: "none", padding: 0 };
}

function Loading({ share, text }) {
  const percent = share === undefined ? null : Math.round(share * 100);
  return (
    <div className="viewer-card">
      <p className="viewer-card-title">
        {text} {percent !== null && <span className="picker-percent">{percent}%</span>}
      </p>
      <div className="progress" role="progressbar" aria-label={text} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent ?? undefined}>
        <div
          className={`progress-fill${percent === null ? " progress-unknown" : ""}`}
          style={percent === null ? undefined : { transform: `scaleX(${percent / 100})` }}
        />
      </div>
    </div>
  );
}

function Trouble({ texts, text, onRetry, download }) {
  return (
    <div className="viewer-card viewer-trouble" role="alert">
      <p>{text}</p>
      {(onRetry || download) && (
        <div className="actions">
          {onRetry && (
            <button type="button" className="button button-primary button-sm" onClick={onRetry}>
              <Icon d={ICONS.retry} size={16} />
              <span className="button-label">{texts.retry}</span>
            </button>
          )}
          {download && (
            <a className="button button-secondary button-sm" href={download.href} download={download.filename}>
              <span className="button-label">{texts.download}</span>
            </a>
          )}
        </div>
      )}
    </div>
  );
}

function Help({ texts, shortcuts }) {
  const rows = [
    ["← → ↑ ↓", texts.turn],
    ["+ −", texts.zoom],
    ...Object.entries(shortcuts).map(([key, { name }]) => [nameOf(key, texts), name]),
    ["R", texts.reset],
    ["F", texts.full_screen],
  ];
  return (
    <dl className="viewer-help">
      {rows.map(([key, meaning]) => (
        <div key={key} className="viewer-help-row">
          <dt><kbd>{key}</kbd></dt>
          <dd>{meaning}</dd>
        </div>
      ))}
    </dl>
  );
}

function nameOf(key, texts) {
  return key === " " ? texts.space : key.toUpperCase();
}
