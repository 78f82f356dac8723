"""Turns a cut-out into a closed, textured, rounded figure on a plinth, to look at from every side."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
import trimesh
from numpy.typing import NDArray
from PIL import Image
from trimesh.exchange.gltf import export_glb
from trimesh.visual.material import PBRMaterial
from trimesh.visual.texture import TextureVisuals

from worker.local.relief.inflation import raise_back, raise_front
from worker.local.relief.plinth import add_plinth, set_down
from worker.local.relief.silhouette import Silhouette, trace
from worker.local.relief.surface import Surface, close_surface
from worker.local.relief.texture import paint

ROUGHNESS = 0.85
QUALITY = 95


def make_figure(cutout: Image.Image, *, report: Callable[[float], None] = lambda _: None) -> bytes:
    """Return a figure of an RGBA cut-out's subject as GLB: watertight, upright (+Y), facing +Z, its longest side 1.

    It is one body with the plinth it stands on. Raise NoSubject if there is none; report hears rising fractions 0..1.
    """
    subject = set_down(trace(cutout))
    report(0.1)
    standing = add_plinth(subject, raise_front(subject), raise_back(subject))
    silhouette = standing.silhouette
    report(0.4)
    surface = close_surface(silhouette, standing.front, standing.back)
    report(0.6)
    texture = paint(cutout, silhouette, ground=standing.ground)
    report(0.8)
    uv = texture.locate(silhouette.locate(surface.points), surface.is_back)
    model = _export(surface, place(surface.points, silhouette), uv, texture.picture)
    report(1.0)
    return model


def place(points: NDArray[np.float32], silhouette: Silhouette) -> NDArray[np.float32]:
    """Return points (N, 3) in cells as points in space: y up, centred on their box, the longest side of it 1."""
    across, down = silhouette.pixels
    upright = points * np.array([across, -down, (across * down) ** 0.5], np.float32)
    low = upright.min(axis=0)
    high = upright.max(axis=0)
    return np.asarray((upright - (low + high) / 2) / (high - low).max(), np.float32)


def _export(surface: Surface, points: NDArray[np.float32], uv: NDArray[np.float32], picture: Image.Image) -> bytes:
    normals = surface.normals * np.array([1, -1, 1], np.float32)
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY)
    material = PBRMaterial(
        name="figure",
        baseColorTexture=Image.open(buffer),
        metallicFactor=0.0,
        roughnessFactor=ROUGHNESS,
    )
    # trimesh counts v from the lower edge.
    visual = TextureVisuals(uv=np.column_stack([uv[:, 0], 1 - uv[:, 1]]), material=material)
    mesh = trimesh.Trimesh(points, surface.faces, vertex_normals=normals, visual=visual, process=False)
    return bytes(export_glb(trimesh.Scene(mesh), include_normals=True))
