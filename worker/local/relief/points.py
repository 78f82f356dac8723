"""Turns a cut-out into a cloud of coloured points on the relief of its front."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from worker.files.clouds import MOST_POINTS, Cloud
from worker.local.relief.figure import place
from worker.local.relief.inflation import raise_back, raise_front
from worker.local.relief.silhouette import Silhouette, trace
from worker.local.relief.surface import Surface, close_surface
from worker.local.relief.texture import Texture, paint

USUAL_COUNT = 200_000
# Within so many cells of the outline the depth is a guess.
DOUBTFUL_RIM = 8.0


def sample_relief(cutout: Image.Image, *, count: int = USUAL_COUNT) -> Cloud:
    """Return count points, at most MOST_POINTS and always the same, of the front of a cut-out's relief.

    Points are seen through: a back would show behind the front as a second one. Their confidence falls towards the
    outline and on steep parts. Raise NoSubject if there is no subject.
    """
    silhouette = trace(cutout)
    surface = close_surface(silhouette, raise_front(silhouette), raise_back(silhouette))
    texture = paint(cutout, silhouette)
    faces, weights = _choose(surface, max(1, min(count, MOST_POINTS)))
    cells = np.einsum("nk,nkc->nc", weights, surface.points[faces])
    front = surface.points[~surface.is_back]
    points = place(np.concatenate([front, cells]), silhouette)[len(front) :]
    facing = np.einsum("nk,nk->n", weights, surface.normals[faces, 2])
    return Cloud(points, _colour(cells, silhouette, texture), _trust(cells, facing, silhouette))


def _choose(surface: Surface, count: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the faces (count, 3) that the points lie on, evenly over the front, and their corners' weights there."""
    a, b, c = (surface.points[surface.faces[:, corner]] for corner in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1).astype(np.float64)
    area[surface.is_back[surface.faces].any(axis=1)] = 0
    reached = np.cumsum(area)
    chosen = np.searchsorted(reached, (np.arange(count) + 0.5) / count * reached[-1])
    first, second = np.random.default_rng(0).random((2, count), np.float32)
    outside = first + second > 1
    first = np.where(outside, 1 - first, first)
    second = np.where(outside, 1 - second, second)
    weights = np.stack([1 - first - second, first, second], axis=1)
    return surface.faces[chosen.clip(0, len(surface.faces) - 1)], weights


def _colour(cells: NDArray[np.float32], silhouette: Silhouette, texture: Texture) -> NDArray[np.uint8]:
    width, height = texture.picture.size
    uv = texture.locate(silhouette.locate(cells), np.zeros(len(cells), np.bool_))
    columns = (uv[:, 0] * width).astype(np.int64).clip(0, width - 1)
    rows = (uv[:, 1] * height).astype(np.int64).clip(0, height - 1)
    return np.asarray(np.asarray(texture.picture)[rows, columns])


def _trust(cells: NDArray[np.float32], facing: NDArray[np.float32], silhouette: Silhouette) -> NDArray[np.float32]:
    distance = ndimage.distance_transform_edt(silhouette.mask)
    height, width = silhouette.mask.shape
    columns = cells[:, 0].astype(np.int64).clip(0, width - 1)
    rows = cells[:, 1].astype(np.int64).clip(0, height - 1)
    rim = 0.3 + 0.7 * np.clip(distance[rows, columns] / DOUBTFUL_RIM, 0, 1)
    return np.asarray(np.clip(facing, 0, 1) * rim, np.float32)
