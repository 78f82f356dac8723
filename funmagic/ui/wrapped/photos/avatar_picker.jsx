import { useEffect, useRef, useState } from "react";
import { describePhoto, readPhoto } from "./file.js";
import { useUpload } from "./upload.js";

/** A person's picture: chosen by click or drop, shown as it will be cropped, and uploaded once they agree. */
export function AvatarPicker({
  image, initial, accept, maxBytes, ticket, isSaving, texts,
  onChoose, onRemove, onUploaded, onUploadFailed, onCancelUpload,
}) {
  const input = useRef(null);
  const { photo, problem, choose, forget } = useChoice({ accept, maxBytes });
  const upload = useUpload(photo?.file, ticket, { onUploaded, onUploadFailed, onCancelUpload });
  const [isOver, setIsOver] = useState(false);
  const isBusy = upload.phase === "sending" || Boolean(isSaving);

  // The saved picture has arrived from the server: the preview has done its work.
  useEffect(() => forget(), [image]);

  const dropHandlers = {
    onDragOver: (event) => {
      event.preventDefault();
      setIsOver(true);
    },
    onDragLeave: () => setIsOver(false),
    onDrop: (event) => {
      event.preventDefault();
      setIsOver(false);
      if (!isBusy && event.dataTransfer.files[0]) choose(event.dataTransfer.files[0]);
    },
  };
  const drop = () => {
    upload.reset();
    forget();
    onCancelUpload(ticket?.id ?? "");
  };
  const shown = photo ? photo.url : image;

  return (
    <div className="avatar-picker">
      <button
        type="button"
        className={`avatar-drop${isOver ? " avatar-drop-over" : ""}${photo ? " avatar-drop-new" : ""}`}
        aria-label={texts.choose}
        title={texts.choose}
        disabled={isBusy}
        onClick={() => input.current.click()}
        {...dropHandlers}
      >
        {shown ? <img src={shown} alt="" className="avatar-image" /> : <span aria-hidden="true">{initial}</span>}
        {isBusy && <span className="spinner avatar-spinner" aria-hidden="true" />}
        {!isBusy && !photo && <CameraBadge />}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        accept={accept.join(",")}
        onChange={(event) => {
          const [file] = event.target.files;
          if (file) choose(file);
          event.target.value = "";
        }}
      />
      <div className="avatar-side">
        <p className="avatar-hint" aria-live="polite">{photo ? (photo.url ? texts.preview : texts.undrawn) : texts.hint}</p>
        <div className="actions">
          {photo ? (
            <>
              <Button
                kind="primary"
                label={isBusy ? `${texts.saving} ${upload.phase === "sending" ? `${upload.percent}%` : ""}` : texts.save}
                isBusy={isBusy}
                onClick={() => onChoose(describePhoto(photo))}
              />
              {!isSaving && <Button kind="ghost" label={texts.cancel} onClick={drop} />}
            </>
          ) : (
            <>
              <Button kind="secondary" label={texts.upload} onClick={() => input.current.click()} />
              {image && <Button kind="ghost" label={texts.remove} onClick={() => onRemove()} />}
            </>
          )}
        </div>
        <div role="alert" className={problem || upload.reason ? "field-error" : "notice-empty"}>
          {problem ? texts[problem] : upload.reason && (texts[`upload_${upload.reason}`] ?? texts.upload_failed)}
        </div>
      </div>
    </div>
  );
}

/** The file that may become the picture, or what is wrong with it. */
function useChoice(rules) {
  const [photo, setPhoto] = useState(null);
  const [problem, setProblem] = useState("");
  const choose = async (file) => {
    const result = await readPhoto(file, rules);
    setPhoto(result.photo ?? null);
    setProblem(result.problem ?? "");
  };
  useEffect(() => () => photo && URL.revokeObjectURL(photo.url), [photo]);
  const forget = () => {
    setPhoto(null);
    setProblem("");
  };
  return { photo, problem, choose, forget };
}

function Button({ kind, label, isBusy = false, onClick }) {
  return (
    <button type="button" className={`button button-${kind} button-sm`} disabled={isBusy} aria-busy={isBusy} onClick={onClick}>
      {label}
    </button>
  );
}

function CameraBadge() {
  return (
    <span className="avatar-badge" aria-hidden="true">
      <svg viewBox="0 0 24 24" width="16" height="16" className="stroke-icon">
        <path d="M4.5 8h3L9 5.5h6L16.5 8h3A1.5 1.5 0 0 1 21 9.5v8a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 17.5v-8A1.5 1.5 0 0 1 4.5 8Z" />
        <circle cx="12" cy="13" r="3.25" />
      </svg>
    </span>
  );
}
