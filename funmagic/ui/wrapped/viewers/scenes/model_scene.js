import { Box3, DirectionalLight, Group, HemisphereLight, MeshBasicMaterial, MeshStandardMaterial, NeutralToneMapping, PMREMGenerator } from "three";
import { RoomEnvironment } from "three/addons/environments/RoomEnvironment.js";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { contactShadow } from "./contact_shadow.js";
import { Stage } from "./stage.js";

const FIRST_VIEW = { azimuth: 24, elevation: 9 };
// Lights of a studio: {color, power, and where from} each, and how much of the room shines.
const LIGHTS = {
  studio: { room: 0.62, sky: 0.35, lamps: [["#ffffff", 1.7, [-1.4, 1.8, 2.2]], ["#ffffff", 0.7, [2, 0.6, 0.8]]] },
  warm: { room: 0.34, sky: 0.2, lamps: [["#ffc48a", 2.9, [2.2, 1.3, 1.5]], ["#8fb4ff", 1.5, [-2.2, 1, -1]]] },
  contrast: { room: 0.2, sky: 0.1, lamps: [["#ffffff", 3.4, [-2.6, 1.7, 0.9]], ["#ffdff2", 2.2, [2.4, 1.2, -1.8]]] },
};

/** The names of the light setups, in the order in which a button goes through them. */
export const LIGHT_NAMES = Object.keys(LIGHTS);

/** A GLB on a lit ground, its first frame drawn; throws when the bytes are no model. */
export async function openScene({ bytes, ...place }) {
  const { scene: model } = await new GLTFLoader().parseAsync(bytes, "");
  const bounds = new Box3().setFromObject(model, true);
  if (bounds.isEmpty()) throw new Error("There is nothing in this model.");
  const stage = new Stage(place);
  try {
    return await furnish(stage, model, bounds);
  } catch (error) {
    stage.dispose();
    throw error;
  }
}

async function furnish(stage, model, bounds) {
  const { scene, renderer } = stage;
  renderer.toneMapping = NeutralToneMapping;
  scene.add(model);
  const vertices = [];
  model.traverse(({ isMesh, geometry, matrixWorld }) => isMesh && vertices.push({ positions: geometry.attributes.position.array, matrixWorld }));
  stage.show(bounds, FIRST_VIEW);
  const floor = contactShadow(renderer, scene, bounds);
  const rig = lightRig(stage);
  const wires = wireframe(model);
  scene.add(floor.ground);
  rig.choose("studio");
  await stage.begin();
  return {
    stage,
    poster: stage.outlineOf(vertices),
    setLight: (name) => {
      rig.choose(name);
      stage.render();
    },
    setWireframe: (isOn) => {
      wires.show(isOn);
      stage.render();
    },
    setTheme: ({ isDark, accent }) => {
      floor.paint(isDark);
      wires.paint(isDark, accent);
      stage.render();
    },
    dispose: () => {
      wires.show(false);
      wires.dispose();
      floor.dispose();
      rig.dispose();
      stage.dispose();
    },
  };
}

/** The studio turns with the camera, so every side that one looks at is lit well. */
function lightRig(stage) {
  const { scene, renderer } = stage;
  const generator = new PMREMGenerator(renderer);
  const room = new RoomEnvironment();
  const target = generator.fromScene(room, 0.04);
  room.dispose();
  generator.dispose();
  scene.environment = target.texture;

  const sky = new HemisphereLight("#ffffff", "#c9b8c6");
  const lamps = [new DirectionalLight(), new DirectionalLight()];
  const rig = new Group().add(...lamps);
  scene.add(sky, rig);
  stage.beforeFrame = () => {
    rig.rotation.y = stage.azimuth;
    scene.environmentRotation.y = stage.azimuth;
  };
  const choose = (name) => {
    const setup = LIGHTS[name];
    scene.environmentIntensity = setup.room;
    sky.intensity = setup.sky;
    setup.lamps.forEach(([color, power, from], index) => {
      lamps[index].color.set(color);
      lamps[index].intensity = power;
      lamps[index].position.set(...from);
    });
  };
  return { choose, dispose: () => target.dispose() };
}

/** The model in clay with its edges over it, in place of its own surface. */
function wireframe(model) {
  const clay = new MeshStandardMaterial({ roughness: 0.9, polygonOffset: true, polygonOffsetFactor: 1, polygonOffsetUnits: 1 });
  const ink = new MeshBasicMaterial({ wireframe: true, transparent: true, opacity: 0.38, toneMapped: false });
  const meshes = [];
  model.traverse((object) => object.isMesh && meshes.push({ mesh: object, own: object.material }));
  const lines = [];
  const show = (isOn) => {
    if (isOn && !lines.length) {
      for (const { mesh } of meshes) {
        const line = mesh.clone(false);
        line.material = ink;
        mesh.parent.add(line);
        lines.push(line);
      }
    }
    lines.forEach((line) => (line.visible = isOn));
    meshes.forEach((part) => (part.mesh.material = isOn ? clay : part.own));
  };
  const paint = (isDark, accent) => {
    clay.color.set(isDark ? "#4b434b" : "#f1ecf0");
    ink.color.set(accent);
  };
  return { show, paint, dispose: () => [clay, ink].forEach((material) => material.dispose()) };
}
