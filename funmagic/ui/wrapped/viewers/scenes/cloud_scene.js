import { Box3, BufferAttribute, BufferGeometry, Points, ShaderMaterial, Vector3 } from "three";
import { glassBlock } from "./glass_block.js";
import { readPly } from "./ply.js";
import { Stage } from "./stage.js";

const FIRST_VIEW = { azimuth: 14, elevation: 8 };
// Looking at every point to find the middle of half a million is not worth it.
const SAMPLE = 20_000;
// Bounds leave out the few points that lie far away from all others.
const STRAY_SHARE = 0.002;
const CLOSED = 3.1;

/** The points of a PLY, its first frame drawn; throws when the bytes are no such file. */
export async function openScene({ bytes, ...place }) {
  const cloud = readPly(bytes);
  const bounds = boundsOf(cloud);
  const stage = new Stage(place);
  const material = pointMaterial();
  const { uniforms } = material;
  const points = new Points(geometryOf(cloud), material);
  // The camera is near it, always.
  points.frustumCulled = false;
  stage.scene.add(points, glassBlock(bounds));
  stage.show(bounds, FIRST_VIEW);
  uniforms.spacing.value = spacingOf(cloud, bounds);
  stage.beforeFrame = () => {
    // Pixels that one unit covers at a distance of one.
    uniforms.reach.value = (stage.canvas.height / 2) * stage.camera.projectionMatrix.elements[5];
  };
  await stage.begin();
  const levels = levelsOf(cloud);
  return {
    stage,
    count: cloud.count,
    poster: stage.outlineOf([{ positions: cloud.positions }]),
    hasConfidence: levels.at(0) < levels.at(-1),
    setSize: (size) => {
      uniforms.size.value = size;
      stage.render();
    },
    setThreshold: (percent) => {
      uniforms.threshold.value = levels[Math.round((percent / 100) * (levels.length - 1))];
      stage.render();
    },
    dispose: () => stage.dispose(),
  };
}

function geometryOf({ positions, colors, confidences, count }) {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(positions, 3));
  geometry.setAttribute("tint", new BufferAttribute(colors, 4, true));
  geometry.setAttribute("confidence", new BufferAttribute(confidences ?? new Float32Array(count), 1));
  return geometry;
}

function boundsOf({ positions, count }) {
  const step = Math.max(1, Math.floor(count / SAMPLE));
  const axes = [[], [], []];
  for (let index = 0; index < count; index += step) axes.forEach((values, axis) => values.push(positions[index * 3 + axis]));
  const at = (values, share) => values[Math.round(share * (values.length - 1))];
  axes.forEach((values) => values.sort((a, b) => a - b));
  return new Box3(
    new Vector3(...axes.map((values) => at(values, STRAY_SHARE))),
    new Vector3(...axes.map((values) => at(values, 1 - STRAY_SHARE))),
  ).expandByScalar(1e-4);
}

/** As large as points must be to close a surface that is seen somewhat from the side. */
function spacingOf({ count }, bounds) {
  const { x, y } = bounds.getSize(new Vector3());
  return CLOSED * Math.sqrt((x * y) / count);
}

/** The confidence below which 0 %, 1 % … 100 % of the points lie. */
function levelsOf({ confidences }) {
  if (!confidences) return [0, 0];
  const sorted = confidences.slice().sort();
  return Array.from({ length: 101 }, (_, percent) => sorted[Math.floor((percent / 100) * (sorted.length - 1))]);
}

function pointMaterial() {
  return new ShaderMaterial({
    uniforms: { size: { value: 1 }, spacing: { value: 1 }, reach: { value: 1 }, threshold: { value: -1e30 } },
    vertexShader: `
      attribute vec4 tint;
      attribute float confidence;
      uniform float size;
      uniform float spacing;
      uniform float reach;
      uniform float threshold;
      varying vec3 color;
      varying vec2 depth;
      varying vec2 lens;
      void main() {
        color = tint.rgb;
        vec4 seen = modelViewMatrix * vec4(position, 1.0);
        gl_Position = projectionMatrix * seen;
        gl_PointSize = clamp(size * spacing * reach / -seen.z, 1.0, 64.0);
        depth = vec2(seen.z, 0.5 * size * spacing);
        lens = vec2(projectionMatrix[2][2], projectionMatrix[3][2]);
        // A point outside of everything is not drawn.
        if (confidence < threshold) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
      }`,
    // The colours of the file are the screen's own: nothing to convert.
    fragmentShader: `
      varying vec3 color;
      varying vec2 depth;
      varying vec2 lens;
      void main() {
        vec2 side = gl_PointCoord * 2.0 - 1.0;
        float rim = dot(side, side);
        if (rim > 1.0) discard;
        // Balls, not discs: neighbours meet in the middle between them, and none lies over another like a scale.
        float z = depth.x + depth.y * sqrt(1.0 - rim);
        gl_FragDepth = 0.5 - 0.5 * (lens.x + lens.y / z);
        gl_FragColor = vec4(color, 1.0);
      }`,
  });
}
