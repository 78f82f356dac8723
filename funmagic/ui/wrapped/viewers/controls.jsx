import { useId } from "react";

export const ICONS = {
  rotate: "M16.5 7.5C15.6 4.2 13.95 2 12 2 9.2 2 7 6.5 7 12s2.2 10 5 10c.35 0 .7-.07 1-.2M15.2 13.7l3.8 1.9-1.9 3.8M19 15.6c-1.8.9-4.3 1.4-7 1.4-5.5 0-10-2.2-10-5s4.5-5 10-5c4.8 0 8.9 1.7 9.8 4",
  light: "M12 3.5v2M5.6 6.1 7 7.5M18.4 6.1 17 7.5M3.5 12.5h2M18.5 12.5h2M9.5 17.5h5M10 20.5h4M9.2 15.2a4 4 0 1 1 5.6 0c-.5.5-.8 1.4-.8 2.3h-4c0-.9-.3-1.8-.8-2.3Z",
  wireframe: "M12 3.5 19.5 8v8L12 20.5 4.5 16V8ZM12 3.5V12M12 12l7.5-4M12 12 4.5 8M12 12v8.5M12 12l7.5 4M12 12l-7.5 4",
  reset: "M3.5 12a8.5 8.5 0 1 0 8.5-8.5c-2.4 0-4.7 1-6.4 2.6L3.5 8M3.5 3.5V8H8",
  full: "M4.5 9V4.5H9M15 4.5h4.5V9M19.5 15v4.5H15M9 19.5H4.5V15",
  leave: "M9 4.5V9H4.5M19.5 9H15V4.5M15 19.5V15h4.5M4.5 15H9v4.5",
  help: "M9.2 9.2a2.9 2.9 0 1 1 4.3 2.6c-1 .6-1.5 1.1-1.5 2.2M12 17.3v.1",
  retry: "M20 12a8 8 0 1 1-2.6-5.9M20 3.5v4h-4",
};

/** A round button with an icon; its label is its tooltip too, with the key that does the same. */
export function Tool({ icon, label, keyName = "", isPressed, onClick, ...rest }) {
  return (
    <button
      type="button"
      className="viewer-tool"
      aria-label={label}
      aria-pressed={isPressed}
      data-tip={keyName ? `${label} · ${keyName}` : label}
      onClick={onClick}
      {...rest}
    >
      <Icon d={ICONS[icon]} />
    </button>
  );
}

/** A slider below its name. */
export function ToolSlider({ label, value, valueText, onChange, ...range }) {
  const id = useId();
  const share = (value - range.min) / (range.max - range.min);
  return (
    <div className="viewer-slider">
      <label htmlFor={id} className="viewer-slider-label">
        {label} <span aria-hidden="true">{valueText}</span>
      </label>
      <input
        id={id}
        type="range"
        className="viewer-range"
        value={value}
        aria-valuetext={valueText}
        style={{ "--share": share }}
        onChange={(event) => onChange(Number(event.target.value))}
        {...range}
      />
    </div>
  );
}

/** One of several swatches; `choices` are {value, label}. */
export function ToolSwatches({ label, choices, value, onChange }) {
  const name = useId();
  return (
    <div role="radiogroup" aria-label={label} className="viewer-swatches">
      {choices.map((choice) => (
        <label key={choice.value} className="viewer-swatch" data-tip={choice.label}>
          <input
            type="radio"
            name={name}
            className="visually-hidden"
            aria-label={choice.label}
            checked={choice.value === value}
            onChange={() => onChange(choice.value)}
          />
          <span className="viewer-swatch-dot" data-swatch={choice.value} aria-hidden="true" />
        </label>
      ))}
    </div>
  );
}

export function Icon({ d, size = 20 }) {
  return (
    <svg viewBox="0 0 24 24" width={size} height={size} aria-hidden="true" className="stroke-icon">
      <path d={d} />
    </svg>
  );
}
