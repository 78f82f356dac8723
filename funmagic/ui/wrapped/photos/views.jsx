import { formatBytes } from "./file.js";

/** The inviting empty state: one big label for the hidden file input. */
export function DropZone({ inputId, texts, isOver }) {
  return (
    <label htmlFor={inputId} className="picker-zone">
      <span className="picker-art" aria-hidden="true">
        <span className="picker-card picker-card-back" />
        <span className="picker-card picker-card-front">
          <Icon size={34} d="M4 17l4.5-5 3.5 3.5L16 11l4 5M8.5 8.25h.01M5.5 20h13a1.5 1.5 0 0 0 1.5-1.5v-13A1.5 1.5 0 0 0 18.5 4h-13A1.5 1.5 0 0 0 4 5.5v13A1.5 1.5 0 0 0 5.5 20Z" />
        </span>
      </span>
      <span className="picker-title">{isOver ? texts.drop_here : texts.title}</span>
      <span className="picker-hint">{texts.hint}</span>
      <span className="button button-primary button-md picker-browse">{texts.browse}</span>
      <span className="picker-limits">{texts.limits}</span>
    </label>
  );
}

/** Photos of ours, for people without one at hand. */
export function Samples({ samples, texts, onPick }) {
  return (
    <div className="samples">
      <p className="samples-title">{texts.samples_title}</p>
      <div className="samples-row">
        {samples.map((sample) => (
          <button key={sample.url} type="button" className="sample" aria-label={sample.title} onClick={() => onPick(sample)}>
            <img src={sample.thumb} alt="" loading="lazy" />
          </button>
        ))}
      </div>
    </div>
  );
}

/** The chosen photo with what is known of it, and the ways to choose again. */
export function Preview({ photo, texts, isBusy, onChange, onRemove, children }) {
  const { file, url, width, height } = photo;
  return (
    <div className="stage-frame picker-preview">
      <div className="picker-canvas">
        {url ? (
          <img src={url} alt={texts.preview_alt ?? file.name} className="picker-image" />
        ) : (
          <p className="picker-undrawn">{texts.undrawn}</p>
        )}
      </div>
      {children}
      {!isBusy && (
        <div className="picker-bar">
          <p className="picker-facts">
            <span className="picker-name">{file.name}</span>
            <span className="picker-size">
              {url && `${width} × ${height} · `}
              {formatBytes(file.size)}
            </span>
          </p>
          <button type="button" className="button button-secondary button-sm" onClick={onChange}>{texts.change}</button>
          <button type="button" className="icon-button" aria-label={texts.remove} title={texts.remove} onClick={onRemove}>
            <Icon d="M5 7h14M10 11v6M14 11v6M6.5 7l.8 11.5a1.5 1.5 0 0 0 1.5 1.5h6.4a1.5 1.5 0 0 0 1.5-1.5L17.5 7M9.5 7V4.5h5V7" />
          </button>
        </div>
      )}
    </div>
  );
}

/** Progress while sending, and what to do when it failed. */
export function UploadOverlay({ upload, texts }) {
  if (upload.phase === "sending") return <Sending upload={upload} texts={texts} />;
  if (upload.phase === "failed") return <Failed upload={upload} texts={texts} />;
  return null;
}

function Sending({ upload, texts }) {
  return (
    <div className="processing-card">
      <div className="processing-row">
        <p className="processing-title">
          {texts.uploading} <span className="picker-percent">{upload.percent}%</span>
        </p>
        <button type="button" className="button button-secondary button-sm" onClick={upload.cancel}>{texts.cancel}</button>
      </div>
      <div className="progress" role="progressbar" aria-label={texts.uploading} aria-valuemin={0} aria-valuemax={100} aria-valuenow={upload.percent}>
        <div className="progress-fill" style={{ transform: `scaleX(${upload.percent / 100})` }} />
      </div>
    </div>
  );
}

function Failed({ upload, texts }) {
  return (
    <div className="processing-card processing-failed" role="alert">
      <div className="processing-row">
        <p className="processing-title">{texts[`upload_${upload.reason}`] ?? texts.upload_failed}</p>
        {upload.retry && (
          <button type="button" className="button button-primary button-sm" onClick={upload.retry}>{texts.retry}</button>
        )}
      </div>
    </div>
  );
}

function Icon({ d, size = 20 }) {
  return (
    <svg viewBox="0 0 24 24" width={size} height={size} aria-hidden="true" className="stroke-icon">
      <path d={d} />
    </svg>
  );
}
