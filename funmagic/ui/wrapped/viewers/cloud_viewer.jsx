import { useEffect, useState } from "react";
import { ToolSlider, ToolSwatches } from "./controls.jsx";
import { ViewerFrame, useFrame } from "./frame.jsx";
import { useScene, wantsCalm } from "./state.js";

const BACKGROUNDS = ["gallery", "theme", "white", "grey", "black"];
const DARK = ["gallery", "black"];
const SIZE = { min: -2, max: 2, step: 0.05 };
const HIDDEN = { min: 0, max: 95, step: 1 };
const importModule = () => import("./scenes/cloud_scene.js");

/** A cloud of coloured points (binary PLY) to turn, and to thin out where it is least certain. */
export function CloudViewer({ src, poster, filename, downloadUrl, texts = {} }) {
  const [isCalm] = useState(wantsCalm);
  const [background, setBackground] = useState(BACKGROUNDS[0]);
  const [size, setSize] = useState(0);
  const [hidden, setHidden] = useState(0);
  const frame = useFrame(isCalm);
  // Smooth edges of triangles: points have none, and half a million of them pay for it.
  const view = useScene({ src, holder: frame.holder, importModule, place: frame.place, antialias: false });
  const { scene } = view;

  useEffect(() => scene?.setSize(2 ** size), [scene, size]);
  useEffect(() => scene?.setThreshold(hidden), [scene, hidden]);

  const download = filename || downloadUrl ? { href: downloadUrl ?? src, filename: filename ?? "" } : null;
  return (
    <ViewerFrame {...{ frame, view, texts, poster, download }} data-background={background} isDark={DARK.includes(background)}>
      <div className="viewer-sliders">
        <ToolSlider {...SIZE} label={texts.size} value={size} valueText={`${Math.round(2 ** size * 100)} %`} onChange={setSize} />
        {scene?.hasConfidence && (
          <ToolSlider {...HIDDEN} label={texts.hide_uncertain} value={hidden} valueText={`${hidden} %`} onChange={setHidden} />
        )}
      </div>
      <ToolSwatches
        label={texts.background}
        choices={BACKGROUNDS.map((value) => ({ value, label: texts[`background_${value}`] }))}
        value={background}
        onChange={setBackground}
      />
    </ViewerFrame>
  );
}
