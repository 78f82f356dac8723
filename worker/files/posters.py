"""Takes pictures of triangles and points on the CPU, by a z-buffer, for the gallery's posters."""

from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]

SIDE = 512
SUPERSAMPLING = 2
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


def aim(points: Floats, side: int, *, yaw: float, pitch: float) -> View:
    """Return the view, turned by angles in degrees, in which points (N, 3) fill the raster."""
    low = points.min(axis=0)
    high = points.max(axis=0)
    radius = max(float(np.linalg.norm((high - low).astype(np.float64))) / 2, 1e-20)
    view = View(side, _rotation(yaw, pitch), ((low + high) / 2).astype(np.float32), radius, 1.0)
    places, _ = view.project(points)
    flat = places - np.float32(side / 2)
    first = flat.min(axis=0)
    last = flat.max(axis=0)
    scale = FILLED * side / max(float((last - first).max()), 1e-6)
    return View(side, view.matrix, view.centre, radius, scale, (first + last) / 2)


def draw_triangles(corners: Floats, depths: Floats, side: int) -> NDArray[np.int64]:
    """Return for each pixel (side, side) the number of the nearest triangle, or -1.

    corners (F, 3, 2) are places on the raster, depths (F, 3) lie in 0..1.
    """
    first, last = (np.floor(limit).astype(np.int64).clip(0, side - 1) for limit in _limits(corners))
    extent = np.maximum(last[:, 0] - first[:, 0], last[:, 1] - first[:, 1]) + 1
    slopes = _slopes(corners, first)
    nearest = np.full(side * side, NOTHING, np.uint64)
    # Triangles of about the same extent are drawn together, each over a square of places.
    smaller = 0
    width = 1
    while smaller < side:
        chosen = np.flatnonzero((extent <= width) & (extent > smaller))
        step = max(1, BATCH // (width * width))
        for start in range(0, len(chosen), step):
            batch = chosen[start : start + step]
            which, columns, rows, weights = _cover(slopes[batch], width)
            which = batch[which]
            columns = columns + first[which, 0]
            rows = rows + first[which, 1]
            seen = (columns < side) & (rows < side)
            depth = np.einsum("kn,nk->n", weights, depths[which])
            keys = _keys(np.clip(depth, 0, 1), which)
            np.minimum.at(nearest, (rows * side + columns)[seen], keys[seen])
        smaller = width
        width = width + 1 + width // 3
    return _numbers(nearest, side)


def weigh(corners: Floats, places: NDArray[np.int64]) -> Floats:
    """Return how much each corner of triangles (N, 3, 2) counts in the middle of the pixels (N, 2): (N, 3)."""
    first, second = _slopes(corners, places)[:, :, 0].T
    return np.asarray(np.stack([first, second, 1 - first - second], axis=1), np.float32)


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
            column = corner[:, 0] + dx
            row = corner[:, 1] + dy
            inside = (column >= 0) & (column < side) & (row >= 0) & (row < side)
            np.minimum.at(nearest, row[inside] * side + column[inside], key[inside])
    return _numbers(nearest, side)


def choose_samples(hit: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Return one sample of a raster for each pixel of the SIDE by SIDE picture that shows anything.

    That is: their rows (N,), their columns (N,) and how much of its pixel each stands for (N,), in 0..1.
    """
    finer = len(hit) // SIDE
    blocks = hit.reshape(SIDE, finer, SIDE, finer).swapaxes(1, 2).reshape(SIDE * SIDE, -1) >= 0
    pixels = np.flatnonzero(blocks.any(axis=1))
    chosen = blocks[pixels].argmax(axis=1)
    rows = pixels // SIDE * finer + chosen // finer
    columns = pixels % SIDE * finer + chosen % finer
    return rows, columns, blocks[pixels].mean(axis=1, dtype=np.float32)


def develop(colours: Floats, covered: Floats) -> bytes:
    """Return colours (S, S, 3), each covered (S, S) so much, all in 0..1, as a SIDE by SIDE WebP on a clear ground."""
    pixels = np.concatenate([np.clip(colours, 0, 1), covered[..., None]], axis=2) * (covered > 0)[..., None]
    picture = Image.fromarray((pixels * 255 + 0.5).astype(np.uint8))
    buffer = BytesIO()
    picture.resize((SIDE, SIDE), Image.Resampling.BOX).save(buffer, "WEBP", quality=QUALITY, method=4)
    return buffer.getvalue()


def _rotation(yaw: float, pitch: float) -> Floats:
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
    a = corners[:, 0]
    b = corners[:, 1]
    c = corners[:, 2]
    return np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)


def _slopes(corners: Floats, first: NDArray[np.int64]) -> Floats:
    """Return (F, 2, 3): the first two weights of each triangle in the middle of its `first` pixel, and how they grow.

    They grow by the second number with each column and by the third with each row; a flat triangle's are negative
    everywhere.
    """
    a, b, c = np.moveaxis(corners - first[:, None] - np.float32(0.5), 1, 0)
    area = _cross(b - a, c - a)
    flat = np.abs(area) < 1e-9  # noqa: PLR2004
    edges = np.stack(
        [
            np.stack([_cross(b, c), b[:, 1] - c[:, 1], c[:, 0] - b[:, 0]], axis=1),
            np.stack([_cross(c, a), c[:, 1] - a[:, 1], a[:, 0] - c[:, 0]], axis=1),
        ],
        axis=1,
    )
    slopes = edges / np.where(flat, 1, area)[:, None, None]
    slopes[flat] = (-1, 0, 0)
    return np.asarray(slopes, np.float32)


def _cover(slopes: Floats, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], Floats]:
    """Return, for each pixel a triangle of the batch covers: which one, the pixel's column and row, and three weights.

    Columns and rows count from the triangle's first pixel; the weights are (3, N).
    """
    steps = np.arange(width, dtype=np.float32)
    across = slopes[:, :, :1] + slopes[:, :, 1:2] * steps
    down = slopes[:, :, 2:] * steps
    a, b = (down[:, part, :, None] + across[:, part, None, :] for part in range(2))
    which, rows, columns = np.nonzero((a >= -SLACK) & (b >= -SLACK) & (a + b <= 1 + SLACK))
    first = a[which, rows, columns]
    second = b[which, rows, columns]
    return which, columns, rows, np.stack([first, second, 1 - first - second])


def _cross(first: Floats, second: Floats) -> Floats:
    return np.asarray(first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0])
