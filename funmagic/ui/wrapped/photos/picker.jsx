import { useEffect, useId, useRef, useState } from "react";
import { describePhoto, fetchSample, readPhoto } from "./file.js";
import { forgetPhoto, rememberPhoto, recallPhoto } from "./store.js";
import { useUpload } from "./upload.js";
import { DropZone, Preview, Samples, UploadOverlay } from "./views.jsx";

const RECALL_MS = 500;

/** Lets a visitor choose one photo, shows it, and uploads it when the page hands in a ticket. */
export function PhotoPicker({
  samples, accept, maxBytes, minSide, stashKey, ticket, locked, refused, texts, children,
  onChoose, onRemove, onUploaded, onUploadFailed, onCancelUpload,
}) {
  const inputId = useId();
  const input = useRef(null);
  const { photo, problem, isReady, choose, remove, drop } = usePhoto({ accept, maxBytes, minSide, stashKey }, { onChoose, onRemove });
  const upload = useUpload(photo?.file, isReady ? ticket : null, {
    onUploaded: (id) => {
      forgetPhoto(stashKey);
      onUploaded(id);
    },
    onUploadFailed,
    onCancelUpload,
  });
  const isBusy = Boolean(locked) || upload.phase === "sending";
  useEffect(() => {
    // A run that was not started after all leaves its photo as it was before.
    if (!ticket && photo && !refused) rememberPhoto(stashKey, photo.file);
  }, [ticket]);
  useEffect(() => {
    if (!refused || !photo) return;
    upload.reset();
    drop();
  }, [refused]);
  const { isOver, dropHandlers } = useDrop(choose, isBusy);
  usePaste(choose, isBusy);

  const browse = () => input.current.click();
  const clear = () => {
    upload.reset();
    remove();
    // The pressed button is gone; whoever uses the keyboard goes on where the next photo is chosen.
    requestAnimationFrame(() => input.current?.focus());
  };

  return (
    <div className={`picker${isOver ? " picker-over" : ""}`} {...dropHandlers}>
      <input
        ref={input}
        id={inputId}
        type="file"
        className="visually-hidden picker-input"
        accept={accept.join(",")}
        hidden={Boolean(photo)}
        disabled={isBusy}
        onChange={(event) => {
          const [file] = event.target.files;
          if (file) choose(file);
          event.target.value = "";
        }}
      />
      {photo ? (
        <Preview photo={photo} texts={texts} isBusy={isBusy} onChange={browse} onRemove={clear}>
          <UploadOverlay upload={upload} texts={texts} />
          {children}
        </Preview>
      ) : (
        <DropZone inputId={inputId} texts={texts} isOver={isOver} />
      )}
      <div role="alert" className={problem ? "notice notice-danger" : "notice-empty"}>{problem && texts[problem]}</div>
      {!photo && samples.length > 0 && (
        <Samples samples={samples} texts={texts} onPick={(sample) => choose(fetchSample(sample))} />
      )}
    </div>
  );
}

/** The chosen photo and what is wrong with the last attempt; ready once a stashed photo has been recalled. */
function usePhoto(rules, { onChoose, onRemove }) {
  const [photo, setPhoto] = useState(null);
  const [problem, setProblem] = useState("");
  const [isReady, setIsReady] = useState(false);
  const attempt = useRef(0);

  const choose = async (source) => {
    const mine = ++attempt.current;
    const result = await readPhoto(source, rules);
    if (mine !== attempt.current) return result.photo && URL.revokeObjectURL(result.photo.url);
    setProblem(result.problem ?? "");
    if (result.problem) return;
    setPhoto(result.photo);
    rememberPhoto(rules.stashKey, result.photo.file);
    onChoose(describePhoto(result.photo));
  };
  const drop = () => {
    attempt.current += 1;
    setPhoto(null);
    setProblem("");
    forgetPhoto(rules.stashKey);
  };
  const remove = () => {
    drop();
    onRemove();
  };

  useEffect(() => {
    let isCurrent = true;
    const recall = async () => {
      const file = await recallPhoto(rules.stashKey);
      clearTimeout(patience);
      if (!isCurrent) return;
      if (file && attempt.current === 0) await choose(file);
      setIsReady(true);
    };
    // Some browsers never answer; the photo is a convenience, and must not keep people from going on.
    const patience = setTimeout(() => setIsReady(true), RECALL_MS);
    recall();
    return () => {
      clearTimeout(patience);
      isCurrent = false;
    };
  }, [rules.stashKey]);
  useEffect(() => () => photo && URL.revokeObjectURL(photo.url), [photo]);

  return { photo, problem, isReady, choose, remove, drop };
}

function useDrop(choose, isBusy) {
  const [isOver, setIsOver] = useState(false);
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");

  useEffect(() => {
    // A photo dropped beside the zone would replace the page.
    const keepPage = (event) => hasFiles(event) && event.preventDefault();
    window.addEventListener("dragover", keepPage);
    window.addEventListener("drop", keepPage);
    return () => {
      window.removeEventListener("dragover", keepPage);
      window.removeEventListener("drop", keepPage);
    };
  }, []);

  const dropHandlers = {
    onDragOver: (event) => !isBusy && hasFiles(event) && (event.preventDefault(), setIsOver(true)),
    onDragLeave: (event) => !event.currentTarget.contains(event.relatedTarget) && setIsOver(false),
    onDrop: (event) => {
      setIsOver(false);
      const [file] = event.dataTransfer.files;
      if (file && !isBusy) choose(file);
    },
  };
  return { isOver, dropHandlers };
}

function usePaste(choose, isBusy) {
  const latest = useRef(null);
  latest.current = isBusy ? null : choose;
  useEffect(() => {
    const onPaste = (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      const file = files.find(({ type }) => type.startsWith("image/")) ?? files[0];
      if (file) latest.current?.(file);
    };
    document.addEventListener("paste", onPaste);
    return () => document.removeEventListener("paste", onPaste);
  }, []);
}
