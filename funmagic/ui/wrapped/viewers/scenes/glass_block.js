import { Mesh, ShaderMaterial, Vector3 } from "three";
import { RoundedBoxGeometry } from "three/addons/geometries/RoundedBoxGeometry.js";

// Shares of the longest side of what it holds.
const ROOM = 0.05;
const BEVEL = 0.018;
const BEVEL_STEPS = 3;

/** The faint block of glass, a Mesh, around what lies within `bounds` (a Box3). */
export function glassBlock(bounds) {
  const size = bounds.getSize(new Vector3());
  const longest = Math.max(...size.toArray());
  const outer = size.addScalar(2 * ROOM * longest);
  const geometry = new RoundedBoxGeometry(...outer.toArray(), BEVEL_STEPS, BEVEL * longest);
  const block = new Mesh(geometry, glass(outer));
  bounds.getCenter(block.position);
  return block;
}

function glass(size) {
  return new ShaderMaterial({
    uniforms: { size: { value: size } },
    vertexShader: `
      uniform vec3 size;
      varying vec3 facing;
      varying vec3 at;
      varying vec3 toEye;
      void main() {
        facing = normal;
        at = position / size;
        toEye = cameraPosition - (modelMatrix * vec4(position, 1.0)).xyz;
        gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
      }`,
    fragmentShader: `
      varying vec3 facing;
      varying vec3 at;
      varying vec3 toEye;
      void main() {
        vec3 side = abs(normalize(facing));
        float bevel = 1.0 - max(side.x, max(side.y, side.z));
        // One lamp, mirrored in the upper left of the front; it wanders as one walks past.
        float stripe = (at.y - at.x - 0.62 + 0.9 * normalize(toEye).x) / 0.13;
        float shine = exp(-stripe * stripe) * step(0.9, facing.z);
        gl_FragColor = vec4(vec3(1.0), 0.04 + 0.5 * bevel + 0.07 * shine);
      }`,
    transparent: true,
    depthWrite: false,
    side: 2,
  });
}
