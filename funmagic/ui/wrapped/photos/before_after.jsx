import { useCallback, useEffect, useRef, useState } from "react";

const START = 50;

/**
 * Shows `before` left and `after` right of a handle that pointer and keyboard move. With `ratio` known beforehand it is
 * there in the server's HTML already; without, it appears once both images have loaded.
 */
export function BeforeAfter({
  before, after, beforeSet, afterSet, sizes, ratio: knownRatio, beforeLabel, afterLabel, sliderLabel,
}) {
  const [position, setPosition] = useState(START);
  const [isTouched, setIsTouched] = useState(false);
  const [loadedRatio, setLoadedRatio] = useState(null);
  const [loaded, setLoaded] = useState({});
  const ratio = knownRatio ?? loadedRatio;
  const isReady = Boolean(knownRatio || (loaded[before] && loaded[after]));
  const priority = knownRatio ? "high" : undefined;

  const onLoad = useCallback((url, image, isAfter) => {
    setLoaded((known) => ({ ...known, [url]: true }));
    if (isAfter && image.naturalHeight) setLoadedRatio(image.naturalWidth / image.naturalHeight);
  }, []);
  const move = (value) => {
    setIsTouched(true);
    setPosition(Math.min(100, Math.max(0, value)));
  };
  const drag = usePointerDrag(move);

  return (
    <div
      className={`compare${isReady ? " compare-ready" : ""}${isTouched ? "" : " compare-hint"}`}
      style={{ "--compare-at": `${position}%`, ...(ratio && { "--compare-ratio": ratio }) }}
      {...drag}
    >
      <Picture
        className="compare-after"
        url={after}
        {...{ srcSet: afterSet, sizes, priority, onLoad }}
        alt={afterLabel}
        isAfter
      />
      <Picture className="compare-before" url={before} {...{ srcSet: beforeSet, sizes, priority, onLoad }} alt={beforeLabel} />
      <span className="compare-label compare-label-before" aria-hidden="true">{beforeLabel}</span>
      <span className="compare-label compare-label-after" aria-hidden="true">{afterLabel}</span>
      <input
        type="range"
        className="compare-range"
        min="0"
        max="100"
        value={Math.round(position)}
        aria-label={sliderLabel}
        onChange={(event) => move(Number(event.target.value))}
      />
      <span className="compare-line" aria-hidden="true">
        <span className="compare-handle">
          <svg viewBox="0 0 24 24" width="20" height="20" className="stroke-icon">
            <path d="M9 7l-5 5 5 5M15 7l5 5-5 5" />
          </svg>
        </span>
      </span>
    </div>
  );
}

function Picture({ className, url, srcSet, sizes, priority, alt, onLoad, isAfter = false }) {
  const ref = useRef(null);
  useEffect(() => {
    // An image from the server's HTML may have loaded before React listened.
    if (ref.current.complete && ref.current.naturalWidth) onLoad(url, ref.current, isAfter);
  }, [url, isAfter, onLoad]);
  return (
    <span className={`compare-layer ${className}`}>
      <img
        ref={ref}
        sizes={sizes}
        srcSet={srcSet}
        src={url}
        alt={alt}
        fetchPriority={priority}
        draggable={false}
        onLoad={(event) => onLoad(url, event.currentTarget, isAfter)}
      />
    </span>
  );
}

function usePointerDrag(move) {
  const follow = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    move(((event.clientX - box.left) / box.width) * 100);
  };
  return {
    onPointerDown: (event) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      follow(event);
    },
    onPointerMove: (event) => event.currentTarget.hasPointerCapture(event.pointerId) && follow(event),
  };
}
