import { Box2, Matrix4, PerspectiveCamera, Scene, Spherical, Vector2, Vector3, WebGLRenderer } from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";

const FIELD_OF_VIEW = 30;
const MOST_PIXELS_PER_POINT = 2;
const MARGIN = 1.13;
const GLIDE_MS = 450;
// A poster's longer side is filled by this share (worker/files/posters.py).
const POSTER_FILLED = 0.92;
const OUTLINE_POINTS = 20_000;
const RADIANS = Math.PI / 180;
const UP = new Vector3(0, 1, 0);
// By itself a thing swings so far to either side of its front, there and back in so long; on its way there it is no faster.
const SWING = 40 * RADIANS;
const SWING_SECONDS = 16;
const LEAST_TURN = RADIANS;
const FASTEST_SWING = (SWING * 2 * Math.PI) / SWING_SECONDS;

/**
 * A camera around one thing, drawn only when something has changed and somebody can see it.
 * `isWheelOurs(event)` says whether the wheel zooms instead of scrolling the page; `insetBelow()` how many pixels of the
 * bottom something else covers.
 */
export class Stage {
  scene = new Scene();
  camera = new PerspectiveCamera(FIELD_OF_VIEW);
  /** Called before each frame. */
  beforeFrame = () => {};
  #visible = true;
  #request = 0;
  #lastTime = 0;
  #glide = null;
  #isSwinging = false;
  #heldAt = null;
  #swing = { middle: 0, phase: 0 };
  #home = null;
  #bounds = null;
  #ended = new AbortController();
  #observers = [];

  constructor({ canvas, context, isCalm, isWheelOurs, insetBelow }) {
    Object.assign(this, { canvas, isCalm, insetBelow });
    this.renderer = new WebGLRenderer({ canvas, context });
    this.renderer.setClearColor(0x000000, 0);
    this.controls = new OrbitControls(this.camera, canvas);
    Object.assign(this.controls, { enableDamping: !isCalm, dampingFactor: 0.09, rotateSpeed: 0.85 });
    this.controls.addEventListener("change", this.render);
    this.controls.addEventListener("start", () => {
      this.#glide = null;
      this.#heldAt = this.azimuth;
    });
    this.controls.addEventListener("end", () => {
      const isTurned = Math.abs(nearestTurn(this.azimuth - this.#heldAt)) > LEAST_TURN;
      this.#heldAt = null;
      if (isTurned) this.#swingAround(this.azimuth);
    });
    this.#shareGestures(isWheelOurs);
    this.#watch();
  }

  /** Put the thing within `bounds` (a Box3) in the middle, seen from `azimuth` and `elevation` in degrees. */
  show(bounds, { azimuth, elevation }) {
    this.#bounds = bounds;
    this.#home = new Spherical(1, (90 - elevation) * RADIANS, azimuth * RADIANS);
    this.#measure();
    this.#place(this.#home, bounds.getCenter(new Vector3()));
    this.#swingAround(0);
  }

  /**
   * The square, {left, top, side} in CSS pixels, in which a poster shows the same as the first view. The things seen are
   * {positions, matrixWorld}: flat coordinates, and what brings them into the scene.
   */
  outlineOf(things) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const box = new Box2();
    const at = new Vector3();
    for (const { positions, matrixWorld = new Matrix4() } of things) {
      const step = 3 * Math.ceil(positions.length / 3 / OUTLINE_POINTS);
      for (let index = 0; index < positions.length; index += step) {
        at.fromArray(positions, index).applyMatrix4(matrixWorld).project(this.camera);
        box.expandByPoint(new Vector2(((1 + at.x) * width) / 2, ((1 - at.y) * height) / 2));
      }
    }
    const size = box.getSize(new Vector2());
    const middle = box.getCenter(new Vector2());
    const side = Math.max(size.x, size.y) / POSTER_FILLED;
    return { left: middle.x - side / 2, top: middle.y - side / 2, side };
  }

  /** Have a frame drawn soon. */
  render = () => {
    if (!this.#request && this.#visible && !document.hidden) this.#request = requestAnimationFrame(this.#draw);
  };

  /** Compile what the first frame needs, and draw it. */
  async begin() {
    await this.renderer.compileAsync(this.scene, this.camera);
    this.#draw(performance.now());
    await new Promise(requestAnimationFrame);
  }

  /** Turn by degrees: to the right, and up. */
  turn(right, up) {
    this.controls.rotateLeft(-right * RADIANS);
    this.controls.rotateUp(-up * RADIANS);
    this.#swing.middle += right * RADIANS;
    this.render();
  }

  /** Come closer (above 1) or go away (below). */
  zoom(factor) {
    this.controls.dollyIn(factor);
    this.render();
  }

  /** Swing to and fro by itself around the front, or around where somebody turned it; or stop. */
  setAutoRotate(isOn) {
    this.#isSwinging = isOn;
    this.render();
  }

  /** Go back to the first view. */
  reset() {
    this.#swingAround(0, this.#home.theta);
    if (this.isCalm) {
      this.#place(this.#home, this.#bounds.getCenter(new Vector3()));
    } else {
      this.#glide = { since: performance.now(), from: this.#pose(), focus: this.controls.target.clone() };
    }
    this.render();
  }

  /** The camera's direction around the thing, in radians. */
  get azimuth() {
    return this.controls.getAzimuthalAngle();
  }

  /** Free everything on the graphics card; the canvas cannot be used again. */
  dispose() {
    this.#ended.abort();
    this.#observers.forEach((observer) => observer.disconnect());
    cancelAnimationFrame(this.#request);
    this.#visible = false;
    this.controls.dispose();
    this.scene.traverse(disposeOf);
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }

  #draw = (time) => {
    this.#request = 0;
    // After a pause the next step is no leap.
    const seconds = Math.min((time - this.#lastTime) / 1000, 0.1);
    this.#lastTime = time;
    this.#followGlide(time);
    this.#followSwing(Math.max(0, seconds));
    this.controls.update(Math.max(0, seconds));
    this.beforeFrame();
    this.renderer.render(this.scene, this.camera);
    if (this.#isSwinging || this.#glide) this.render();
  };

  #followGlide(time) {
    if (!this.#glide) return;
    const { since, from, focus } = this.#glide;
    const share = Math.min(1, Math.max(0, (time - since) / GLIDE_MS));
    const eased = 1 - (1 - share) ** 3;
    const turn = nearestTurn(this.#home.theta - from.theta);
    const between = (start, end) => start + (end - start) * eased;
    const pose = new Spherical(
      between(from.radius, this.#home.radius), between(from.phi, this.#home.phi), from.theta + turn * eased,
    );
    this.#place(pose, focus.clone().lerp(this.#bounds.getCenter(new Vector3()), eased));
    if (share === 1) this.#glide = null;
  }

  #swingAround(middle, from = this.azimuth) {
    const share = Math.max(-1, Math.min(1, nearestTurn(from - middle) / SWING));
    this.#swing = { middle, phase: Math.asin(share) };
  }

  #followSwing(seconds) {
    if (!this.#isSwinging || this.#heldAt !== null || this.#glide) return;
    this.#swing.phase += (seconds * 2 * Math.PI) / SWING_SECONDS;
    const aim = this.#swing.middle + SWING * Math.sin(this.#swing.phase);
    const furthest = FASTEST_SWING * seconds;
    const turn = Math.max(-furthest, Math.min(furthest, nearestTurn(aim - this.azimuth)));
    const { target } = this.controls;
    this.camera.position.sub(target).applyAxisAngle(UP, turn).add(target);
  }

  #place(pose, target) {
    this.controls.target.copy(target);
    this.camera.position.setFromSpherical(pose).add(target);
    this.controls.update();
  }

  #pose() {
    return new Spherical().setFromVector3(this.camera.position.clone().sub(this.controls.target));
  }

  #resize = () => {
    const before = this.#home?.radius;
    this.#measure();
    if (before) {
      // A new shape of the window keeps what was seen: nearer or farther by as much as the first view is.
      const { target } = this.controls;
      this.camera.position.sub(target).multiplyScalar(this.#home.radius / before).add(target);
    }
    // Setting the size empties the canvas, so the frame must come now, not soon.
    this.#draw(performance.now());
  };

  #measure() {
    // Whoever leaves while the scene is made takes the canvas off the page.
    const { clientWidth: width, clientHeight: height } = this.canvas.parentElement ?? {};
    if (!width || !height) return;
    this.renderer.setPixelRatio(Math.min(devicePixelRatio, MOST_PIXELS_PER_POINT));
    this.renderer.setSize(width, height, false);
    const covered = Math.min(this.insetBelow(), height / 3);
    this.camera.aspect = width / height;
    this.camera.setViewOffset(width, height, 0, covered / 2, width, height);
    if (this.#bounds) this.#fit(1 - covered / height);
  }

  #fit(freeShare) {
    const size = this.#bounds.getSize(new Vector3());
    const across = Math.hypot(size.x, size.z) / 2;
    const tall = Math.tan((FIELD_OF_VIEW * RADIANS) / 2);
    const radius = MARGIN * Math.max(across * 0.7 + size.y / 2 / (tall * freeShare), across / Math.sin(Math.atan(tall * this.camera.aspect)));
    this.#home.radius = radius;
    Object.assign(this.controls, { minDistance: radius * 0.15, maxDistance: radius * 3 });
    Object.assign(this.camera, { near: radius / 100, far: radius * 10 });
    this.camera.updateProjectionMatrix();
  }

  #shareGestures(isWheelOurs) {
    const { canvas, controls } = this;
    const { signal } = this.#ended;
    canvas.parentElement.addEventListener("wheel", (event) => (controls.enableZoom = isWheelOurs(event)), { capture: true, signal });
    canvas.parentElement.addEventListener("pointerdown", () => (controls.enableZoom = true), { capture: true, signal });
    // One finger up or down scrolls the page, two are ours.
    canvas.style.touchAction = "pan-y";
    const keepTwo = (event) => event.touches.length > 1 && event.preventDefault();
    canvas.addEventListener("touchstart", keepTwo, { passive: false, signal });
  }

  #watch() {
    const { signal } = this.#ended;
    document.addEventListener("visibilitychange", this.render, { signal });
    const seen = new IntersectionObserver(([entry]) => {
      this.#visible = entry.isIntersecting;
      this.render();
    });
    seen.observe(this.canvas);
    const sized = new ResizeObserver(this.#resize);
    sized.observe(this.canvas.parentElement);
    this.#observers = [seen, sized];
  }
}

function nearestTurn(angle) {
  return Math.atan2(Math.sin(angle), Math.cos(angle));
}

function disposeOf(object) {
  object.geometry?.dispose();
  for (const material of [object.material ?? []].flat()) {
    for (const value of Object.values(material)) if (value?.isTexture) value.dispose();
    material.dispose();
  }
}
