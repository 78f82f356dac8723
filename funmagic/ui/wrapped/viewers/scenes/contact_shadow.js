import {
  Color, Mesh, OrthographicCamera, PlaneGeometry, ShaderMaterial, Vector3, WebGLRenderTarget,
} from "three";
import { FullScreenQuad } from "three/addons/postprocessing/Pass.js";

const PIXELS = 512;
const DISC = { light: { color: "#ffffff", alpha: 0.7, shadow: 0.5 }, dark: { color: "#f3dff0", alpha: 0.075, shadow: 0.85 } };

/**
 * The ground below a thing: a soft disc, and on it the shadow of what is near. The shadow is drawn once: the thing stays
 * where it is. `paint(isDark)` sets the colours.
 */
export function contactShadow(renderer, thing, bounds) {
  const size = bounds.getSize(new Vector3());
  const center = bounds.getCenter(new Vector3());
  const side = Math.hypot(size.x, size.z) * 2.1;
  const target = drawShadow(renderer, thing, { side, height: size.y * 0.3, below: center.clone().setY(bounds.min.y - size.y * 0.002) });
  const material = groundMaterial(target.texture);
  const ground = new Mesh(new PlaneGeometry(side, side).rotateX(-Math.PI / 2), material);
  ground.position.set(center.x, bounds.min.y - size.y * 0.003, center.z);
  ground.renderOrder = -1;
  const paint = (isDark) => {
    const { color, alpha, shadow } = DISC[isDark ? "dark" : "light"];
    material.uniforms.disc.value.set(color).convertLinearToSRGB();
    material.uniforms.alpha.value = alpha;
    material.uniforms.strength.value = shadow;
  };
  return { ground, paint, dispose: () => target.dispose() };
}

function drawShadow(renderer, thing, { side, height, below }) {
  const camera = new OrthographicCamera(-side / 2, side / 2, side / 2, -side / 2, 0, height);
  camera.position.copy(below);
  camera.rotation.x = Math.PI / 2;
  const [target, other] = [0, 1].map(() => new WebGLRenderTarget(PIXELS, PIXELS, { depthBuffer: true }));
  const depth = depthMaterial();
  const { overrideMaterial } = thing;
  thing.overrideMaterial = depth;
  renderer.setRenderTarget(target);
  renderer.clear();
  renderer.render(thing, camera);
  thing.overrideMaterial = overrideMaterial;
  for (const radius of [9, 4]) {
    blur(renderer, target, other, [radius / PIXELS, 0]);
    blur(renderer, other, target, [0, radius / PIXELS]);
  }
  renderer.setRenderTarget(null);
  other.dispose();
  depth.dispose();
  return target;
}

function depthMaterial() {
  return new ShaderMaterial({
    vertexShader: "void main() { gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }",
    fragmentShader: "void main() { gl_FragColor = vec4(pow(1.0 - gl_FragCoord.z, 1.6)); }",
    side: 2,
  });
}

function blur(renderer, from, to, offset) {
  const material = new ShaderMaterial({
    uniforms: { image: { value: from.texture }, offset: { value: offset } },
    vertexShader: "varying vec2 at; void main() { at = uv; gl_Position = vec4(position.xy, 0.0, 1.0); }",
    fragmentShader: `
      uniform sampler2D image;
      uniform vec2 offset;
      varying vec2 at;
      void main() {
        vec4 sum = vec4(0.0);
        float total = 0.0;
        for (int i = -6; i <= 6; i++) {
          float weight = exp(-float(i * i) / 12.0);
          sum += texture2D(image, at + offset * float(i) * 0.5) * weight;
          total += weight;
        }
        gl_FragColor = sum / total;
      }`,
    depthTest: false,
    depthWrite: false,
  });
  const quad = new FullScreenQuad(material);
  renderer.setRenderTarget(to);
  quad.render(renderer);
  quad.dispose();
  material.dispose();
}

function groundMaterial(shadow) {
  return new ShaderMaterial({
    uniforms: {
      shadow: { value: shadow }, disc: { value: new Color() }, alpha: { value: 0 }, strength: { value: 0 },
    },
    vertexShader: "varying vec2 at; void main() { at = uv; gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }",
    fragmentShader: `
      uniform sampler2D shadow;
      uniform vec3 disc;
      uniform float alpha;
      uniform float strength;
      varying vec2 at;
      void main() {
        // The shadow was seen from below.
        float dark = texture2D(shadow, vec2(at.x, 1.0 - at.y)).a * strength;
        float edge = 1.0 - smoothstep(0.0, 0.5, distance(at, vec2(0.5)));
        float light = alpha * edge * edge;
        float covered = dark + light * (1.0 - dark);
        gl_FragColor = vec4(disc * light * (1.0 - dark) / max(covered, 0.001), covered);
      }`,
    transparent: true,
    depthWrite: false,
  });
}
