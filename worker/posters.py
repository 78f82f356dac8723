"""Takes pictures of triangles and points on the CPU, by a z-buffer, for the gallery's posters."""

from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]

SIDE = 512
SUPERSAMPLING = 2
YAW, PITCH = 30.0, 12.0
# The eye's distance in radii of what it looks at.
DISTANCE = 4.0
FILLED = 0.92
QUALITY = 88
# Places looked at while triangles are drawn: what a batch may hold, and what a picture may cost.
BATCH = 300_000
MOST_PLACES = 12_000_000
# Places on the line between two triangles belong to both.
SLACK = np.float32(1e-4)
NOTHING = np.iinfo(np.uint64).max


@dataclass(frozen=True)
class View:
    """Where things appear on a square raster: `matrix` turns the world, then the eye looks down its z axis."""

    side: int
    matrix: Floats
    centre: Floats
    radius: float
    scale: float
    shift: Floats = field(default_factory=lambda: np.zeros(2, np.float32))

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """Return where points (N, 3) appear, (N, 2) with y down, and their depths (N,) in 0..1, the nearest 0."""
        seen = turn((points - self.centre) / np.float32(self.radius), self.matrix.T)
        away = np.float32(DISTANCE) - seen[:, 2]
        flat = np.stack([seen[:, 0], -seen[:, 1]], axis=1) / away[:, None]
        places = (flat - self.shift) * np.float32(self.scale) + np.float32(self.side / 2)
        return places, np.clip((away - np.float32(DISTANCE - 1)) / 2, 0, 1)


def turn(values: Floats, matrix: Floats) -> Floats:
    """Return values (N, 3) times a matrix (3, 3); for so thin a product, BLAS's threads cost more than they bring."""
    return np.asarray(np.einsum("nk,kc->nc", values, matrix), np.float32)


def aim(points: Floats, side: int, *, yaw: float = YAW, pitch: float = PITCH) -> View:
    """Return the view, turned by angles in degrees, in which points (N, 3) fill the raster."""
    low, high = points.min(axis=0), points.max(axis=0)
    radius = max(float(np.linalg.norm((high - low).astype(np.float64))) / 2, 1e-20)
    view = View(side, _look(yaw, pitch), ((low + high) / 2).astype(np.float32), radius, 1.0)
    places, _ = view.project(points)
    flat = places - np.float32(side / 2)
    first, last = flat.min(axis=0), flat.max(axis=0)
    scale = FILLED * side / max(float((last - first).max()), 1e-6)
    return View(side, view.matrix, view.centre, radius, scale, (first + last) / 2)


def draw_triangles(corners: Floats, depths: Floats, side: int) -> tuple[NDArray[np.int64], Floats]:
    """Return for each pixel (side, side) the nearest triangle's number, or -1, and its weights (side, side, 3) there.

    corners (F, 3, 2) are places on the raster, depths (F, 3) lie in 0..1.
    """
    first, last = (np.floor(limit).astype(np.int64).clip(0, side - 1) for limit in _limits(corners))
    extent = np.maximum(last[:, 0] - first[:, 0], last[:, 1] - first[:, 1]) + 1
    nearest = np.full(side * side, NOTHING, np.uint64)
    # Triangles of about the same extent are drawn together, each over a square of places.
    smaller, width = 0, 1
    while smaller < side:
        chosen = np.flatnonzero((extent <= width) & (extent > smaller))
        step = max(1, BATCH // (width * width))
        for start in range(0, len(chosen), step):
            batch = chosen[start : start + step]
            which, pixels, weights = _cover(corners[batch], first[batch], width, side)
            depth = np.einsum("nk,nk->n", weights, depths[batch[which]])
            np.minimum.at(nearest, pixels[:, 1] * side + pixels[:, 0], _keys(np.clip(depth, 0, 1), batch[which]))
        smaller, width = width, width + 1 + width // 3
    hit = _numbers(nearest, side)
    weights = np.zeros((side, side, 3), np.float32)
    rows, columns = np.nonzero(hit >= 0)
    weights[rows, columns] = _weigh(corners[hit[rows, columns]], np.stack([columns, rows], axis=1) + np.float32(0.5))[0]
    return hit, weights


def count_places(corners: Floats, side: int) -> int:
    """Return about how many places draw_triangles would look at."""
    low, high = _limits(corners)
    extent = np.clip(np.maximum(high[:, 0] - low[:, 0], high[:, 1] - low[:, 1]) + 2, 1, side)
    return int((extent.astype(np.float64) ** 2).sum())


def draw_points(places: Floats, depths: Floats, side: int, size: int) -> NDArray[np.int64]:
    """Return for each pixel (side, side) the number of the nearest point, or -1; a point covers size by size pixels."""
    nearest = np.full(side * side, NOTHING, np.uint64)
    key = _keys(depths, np.arange(len(depths)))
    corner = np.floor(places - np.float32((size - 1) / 2)).astype(np.int64)
    for dy in range(size):
        for dx in range(size):
            column, row = corner[:, 0] + dx, corner[:, 1] + dy
            inside = (column >= 0) & (column < side) & (row >= 0) & (row < side)
            np.minimum.at(nearest, row[inside] * side + column[inside], key[inside])
    return _numbers(nearest, side)


def develop(colours: Floats, covered: NDArray[np.bool_]) -> bytes:
    """Return colours (S, S, 3) in 0..1 where covered (S, S) as a SIDE by SIDE WebP, transparent elsewhere."""
    pixels = np.concatenate([np.clip(colours, 0, 1), covered[..., None]], axis=2) * covered[..., None]
    picture = Image.fromarray((pixels * 255 + 0.5).astype(np.uint8))
    buffer = BytesIO()
    picture.resize((SIDE, SIDE), Image.Resampling.BOX).save(buffer, "WEBP", quality=QUALITY, method=4)
    return buffer.getvalue()


def _look(yaw: float, pitch: float) -> Floats:
    a, b = np.radians([yaw, pitch])
    about_y = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    return np.asarray(about_x @ about_y, np.float32)


def _keys(depths: Floats, numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return numbers whose smallest is the nearest thing's, with that thing's own number in the lower half."""
    return ((depths.astype(np.float64) * 0xFFFFFFFE).astype(np.uint64) << np.uint64(32)) | numbers.astype(np.uint64)


def _numbers(nearest: NDArray[np.uint64], side: int) -> NDArray[np.int64]:
    found = (nearest & np.uint64(0xFFFFFFFF)).astype(np.int64)
    return np.where(nearest == NOTHING, -1, found).reshape(side, side)


def _limits(corners: Floats) -> tuple[Floats, Floats]:
    # Much faster than min(axis=1) over an axis of three.
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    return np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)


def _cover(
    corners: Floats, first: NDArray[np.int64], width: int, side: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Return, for each pixel a triangle of the batch covers, which one, the pixel's place, and the weights there."""
    offsets = np.stack(np.meshgrid(np.arange(width), np.arange(width)), axis=-1).reshape(-1, 2)
    pixels = first[:, None] + offsets
    weights, inside = _weigh(corners[:, None], pixels + np.float32(0.5))
    which, where = np.nonzero(inside & (pixels[..., 0] < side) & (pixels[..., 1] < side))
    return which, pixels[which, where], weights[which, where]


def _weigh(corners: Floats, places: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the weights (…, 3) of triangles' corners (…, 3, 2) at places (…, 2), and whether these lie inside."""
    a, b, c = corners[..., 0, :], corners[..., 1, :], corners[..., 2, :]
    area = _cross(b - a, c - a)
    flat = np.abs(area) < 1e-9  # noqa: PLR2004
    divisor = np.where(flat, 1, area)
    first = _cross(b - places, c - places) / divisor
    second = _cross(c - places, a - places) / divisor
    third = 1 - first - second
    inside = (first >= -SLACK) & (second >= -SLACK) & (third >= -SLACK) & ~flat
    return np.stack([first, second, third], axis=-1), inside


def _cross(first: Floats, second: Floats) -> Floats:
    return np.asarray(first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0])
