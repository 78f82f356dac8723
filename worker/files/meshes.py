"""Opens 3D models that providers made: says what is in them, refuses what is broken, and takes their picture."""

import io
from dataclasses import dataclass

import numpy as np
import trimesh
from numpy.typing import NDArray
from PIL import Image
from trimesh.visual.color import ColorVisuals

from worker.files.glb import BrokenModel, EmptyModel, check_glb
from worker.files.posters import (
    MOST_PLACES,
    SIDE,
    SUPERSAMPLING,
    Floats,
    View,
    aim,
    choose_samples,
    count_places,
    develop,
    draw_triangles,
    turn,
    weigh,
)

TEXTURE_SIDE = 1024
# Larger coordinates than these leave no room for arithmetic in 32 bits.
FARTHEST = 1e15
KEY_LIGHT = np.array([-0.45, 0.62, 0.65], np.float32)
AMBIENT = 0.62
KEY = 0.46
FILL = 0.10
GREY = 0.75
# Where the viewer looks from first: its model takes the poster's place (model_scene.js).
YAW = 24.0
PITCH = 9.0


@dataclass(frozen=True)
class ModelFacts:
    """What a model is made of; bounds are its lowest and its highest corner in its own units."""

    vertices: int
    faces: int
    bounds: list[list[float]]
    watertight: bool


@dataclass(frozen=True)
class _Part:
    """One mesh where it stands in the scene: its points (N, 3), and the transform (4, 4) that brought them there."""

    mesh: trimesh.Trimesh
    transform: NDArray[np.float64]
    points: Floats


def inspect_model(data: bytes) -> ModelFacts:
    """Return the facts of a GLB; raise BrokenModel for anything but a whole model of bearable size."""
    parts = _open(data, with_materials=False)
    points = np.concatenate([part.points for part in parts])
    starts = np.cumsum([0, *[len(part.points) for part in parts]])
    faces = np.concatenate([part.mesh.faces + start for part, start in zip(parts, starts, strict=False)])
    bounds = [[float(value) for value in corner] for corner in (points.min(axis=0), points.max(axis=0))]
    return ModelFacts(len(points), len(faces), bounds, _is_closed(points, faces))


def render_preview(data: bytes) -> bytes:
    """Return a square WebP picture of a GLB, seen from the front's right and a little above, on a clear background."""
    parts = _open(data, with_materials=True)
    view, corners, depths = _project(parts, SIDE * SUPERSAMPLING)
    if count_places(corners, view.side) > MOST_PLACES:
        view, corners, depths = _project(parts, SIDE)
    kept = np.arange(len(corners))
    if (places := count_places(corners, view.side)) > MOST_PLACES:
        kept = kept[:: -(-places // MOST_PLACES)]
    hit = draw_triangles(corners[kept], depths[kept], view.side)
    rows, columns, covered = choose_samples(hit)
    face = kept[hit[rows, columns]]
    weights = weigh(corners[face], np.stack([columns, rows], axis=1))
    colours = np.zeros((len(face), 3), np.float32)
    first = 0
    for part in parts:
        seen = np.flatnonzero((face >= first) & (face < first + len(part.mesh.faces)))
        if len(seen):
            chosen = np.asarray(part.mesh.faces)[face[seen] - first]
            colours[seen] = _shade(part, chosen, weights[seen], view)
        first += len(part.mesh.faces)
    finer = view.side // SIDE
    picture = np.zeros((SIDE, SIDE, 3), np.float32)
    cover = np.zeros((SIDE, SIDE), np.float32)
    picture[rows // finer, columns // finer], cover[rows // finer, columns // finer] = colours, covered
    return develop(picture, cover)


def _open(data: bytes, *, with_materials: bool) -> list[_Part]:
    """Return the meshes of the scene, each as often as it is used."""
    check_glb(data)
    try:
        scene = trimesh.load_scene(io.BytesIO(data), file_type="glb", skip_materials=not with_materials)
        placed = [scene.graph[node] for node in scene.graph.nodes_geometry]
    except Exception as error:
        # What a damaged file makes a reader raise is anybody's guess.
        raise BrokenModel(f"The model cannot be read: {error!r}") from error
    meshes = [(scene.geometry[name], transform) for transform, name in placed]
    parts = [_place(mesh, transform) for mesh, transform in meshes if isinstance(mesh, trimesh.Trimesh)]
    parts = [part for part in parts if len(part.mesh.faces)]
    if not parts:
        raise EmptyModel("The model has no faces.")
    if not max(float(np.ptp(part.points, axis=0).max()) for part in parts) > 0:
        raise EmptyModel("The model has no extent.")
    return parts


def _place(mesh: trimesh.Trimesh, transform: NDArray[np.float64]) -> _Part:
    if len(mesh.faces) and not 0 <= mesh.faces.min() <= mesh.faces.max() < len(mesh.vertices):
        raise BrokenModel("A face has a corner that does not exist.")
    with np.errstate(all="ignore"):
        points = (mesh.vertices @ transform[:3, :3].T + transform[:3, 3]).astype(np.float32)
    if not np.isfinite(points).all() or np.abs(points).max(initial=0) > FARTHEST:
        raise BrokenModel("A corner lies nowhere.")
    return _Part(mesh, transform, points)


def _is_closed(points: Floats, faces: NDArray[np.int64]) -> bool:
    """Whether the faces leave no hole, where corners at one place count as one, whatever their texture."""
    whole = trimesh.Trimesh(points, faces, process=False)
    whole.merge_vertices()
    whole.update_faces(whole.nondegenerate_faces())
    return bool(whole.is_watertight)


def _project(parts: list[_Part], side: int) -> tuple[View, Floats, Floats]:
    view = aim(np.concatenate([part.points for part in parts]), side, yaw=YAW, pitch=PITCH)
    seen = [(*view.project(part.points), part.mesh.faces) for part in parts]
    corners = np.concatenate([places[faces] for places, _, faces in seen])
    depths = np.concatenate([depth[faces] for _, depth, faces in seen])
    return view, corners, depths


def _shade(part: _Part, faces: NDArray[np.int64], weights: Floats, view: View) -> Floats:
    """Return the lit colours (N, 3) of places on faces (N, 3), given their corners' weights (N, 3)."""
    base = _colour(part.mesh, faces, weights)
    upright = np.linalg.pinv(part.transform[:3, :3]).astype(np.float32)
    own = _blend(np.asarray(part.mesh.vertex_normals, np.float32), faces, weights)
    normals = turn(own, upright @ view.matrix.T)
    normals = np.nan_to_num(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12))
    # A face is lit from the side that is seen.
    normals = np.where(normals[:, 2:] < 0, -normals, normals)
    key = np.maximum(np.einsum("nk,k->n", normals, KEY_LIGHT / np.linalg.norm(KEY_LIGHT)), 0)
    light = AMBIENT + KEY * key + FILL * normals[:, 1]
    return np.asarray(base * light[:, None], np.float32)


def _colour(mesh: trimesh.Trimesh, faces: NDArray[np.int64], weights: Floats) -> Floats:
    visual = mesh.visual
    grey = np.full((len(faces), 3), GREY, np.float32)
    if isinstance(visual, ColorVisuals):
        own = np.asarray(visual.vertex_colors, np.float32)[:, :3] / np.float32(255)
        return grey if visual.kind is None else _blend(own, faces, weights)
    material = getattr(visual, "material", None)
    uv = getattr(visual, "uv", None)
    factor, picture = (getattr(material, name, None) for name in ("baseColorFactor", "baseColorTexture"))
    tint = np.ones(3, np.float32) if factor is None else np.asarray(factor, np.float32)[:3] / np.float32(255)
    if picture is None or uv is None or len(uv) != len(mesh.vertices):
        return grey if factor is None else np.broadcast_to(tint, (len(faces), 3))
    return np.asarray(tint * _sample(picture, _blend(np.asarray(uv, np.float32), faces, weights)), np.float32)


def _sample(picture: Image.Image, uv: Floats) -> Floats:
    try:
        texture = picture.convert("RGB")
        texture.thumbnail((TEXTURE_SIDE, TEXTURE_SIDE))
    except (OSError, ValueError, SyntaxError) as error:
        raise BrokenModel("A texture cannot be read.") from error
    pixels = np.asarray(texture, np.float32) / 255
    height, width = pixels.shape[:2]
    finite = np.nan_to_num(uv, posinf=0, neginf=0)
    columns = ((finite[:, 0] % 1) * width).astype(np.int64).clip(0, width - 1)
    rows = (((1 - finite[:, 1]) % 1) * height).astype(np.int64).clip(0, height - 1)
    return np.asarray(pixels[rows, columns])


def _blend(values: Floats, faces: NDArray[np.int64], weights: Floats) -> Floats:
    return np.asarray(np.einsum("nk,nkc->nc", weights, values[faces]), np.float32)
