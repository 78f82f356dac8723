import { useEffect, useState } from "react";
import { ViewerFrame, useFrame } from "./frame.jsx";
import { useScene, useTheme, wantsCalm } from "./state.js";

const LIGHTS = ["studio", "warm", "contrast"];
const importModule = () => import("./scenes/model_scene.js");

/** A 3D model (GLB) to turn and look at from all sides. */
export function ModelViewer({ src, poster, filename, downloadUrl, texts = {} }) {
  const [isCalm] = useState(wantsCalm);
  const [isTurning, setIsTurning] = useState(!isCalm);
  const [isWire, setIsWire] = useState(false);
  const [light, setLight] = useState(LIGHTS[0]);
  const [said, setSaid] = useState("");
  const frame = useFrame(isCalm);
  const view = useScene({ src, holder: frame.holder, importModule, place: frame.place, antialias: true });
  const { scene } = view;

  useEffect(() => scene?.stage.setAutoRotate(isTurning), [scene, isTurning]);
  useEffect(() => scene?.setWireframe(isWire), [scene, isWire]);
  useEffect(() => scene?.setLight(light), [scene, light]);
  // The ground is dark in both themes.
  useTheme(frame.root, ({ accent }) => scene.setTheme({ isDark: true, accent }), scene);

  const lightName = (name) => `${texts.light}: ${texts[`light_${name}`]}`;
  const nextLight = () => {
    const next = LIGHTS[(LIGHTS.indexOf(light) + 1) % LIGHTS.length];
    setLight(next);
    setSaid(lightName(next));
  };
  const shortcuts = {
    " ": { icon: "rotate", name: texts.rotate, label: texts.rotate, isPressed: isTurning, act: () => setIsTurning(!isTurning) },
    l: { icon: "light", name: texts.light, label: lightName(light), act: nextLight },
    w: { icon: "wireframe", name: texts.wireframe, label: texts.wireframe, isPressed: isWire, act: () => setIsWire(!isWire) },
  };
  const download = filename || downloadUrl ? { href: downloadUrl ?? src, filename: filename ?? "" } : null;
  return <ViewerFrame {...{ frame, view, texts, poster, download, shortcuts, said }} />;
}
