"""Closes front and back over a silhouette into one smooth, watertight surface."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from worker.local.relief.inflation import RIM, Heights
from worker.local.relief.silhouette import Silhouette

Points = NDArray[np.float32]
Faces = NDArray[np.int64]

OUTLINE_PASSES = 6
RIM_PASSES = 2
RIM_RINGS = 3
# Front and back have their own places in the texture. Between them runs a band too narrow to be seen, so that the
# surface is closed even for readers that tell vertices apart by their texture coordinates.
GAP = 2e-4


@dataclass(frozen=True)
class Surface:
    """A closed triangle mesh in cells: points (N, 3) with x right, y down and z to the viewer, normals, faces (F, 3).

    `is_back` (N,) says which points belong to the back's half of the texture.
    """

    points: Points
    normals: Points
    faces: Faces
    is_back: NDArray[np.bool_]


def close_surface(silhouette: Silhouette, front: Heights, back: Heights) -> Surface:
    """Return the closed surface of the heights over, and the depths behind, each corner (H+1, W+1) of the cells."""
    used = _touched(silhouette.mask)
    number = np.full(used.shape, -1)
    count = int(used.sum())
    number[used] = np.arange(count)
    rows, columns = np.nonzero(used)
    outline = _outline(silhouette.mask, number)
    flat = _smooth_outline(np.stack([columns, rows], axis=1).astype(np.float64), outline, silhouette)
    sheet = _sheet(silhouette.mask, number)
    links = _links(sheet, count)
    front_z = _soften(front[used] + RIM, links, outline)
    back_z = _soften(back[used] + RIM, links, outline)
    return _assemble(flat, front_z, back_z, sheet, outline)


def _touched(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    padded = np.pad(mask, 1)
    return np.asarray(padded[:-1, :-1] | padded[1:, :-1] | padded[:-1, 1:] | padded[1:, 1:])


def _sheet(mask: NDArray[np.bool_], number: NDArray[np.int_]) -> Faces:
    """Return two triangles per cell, seen from the front counter-clockwise, their diagonals alternating."""
    rows, columns = np.nonzero(mask)
    a = number[rows, columns]
    b = number[rows, columns + 1]
    c = number[rows + 1, columns]
    d = number[rows + 1, columns + 1]
    even = ((rows + columns) % 2 == 0)[:, None]
    first = np.where(even, np.stack([a, c, d], axis=1), np.stack([a, c, b], axis=1))
    second = np.where(even, np.stack([a, d, b], axis=1), np.stack([b, c, d], axis=1))
    return np.concatenate([first, second])


def _outline(mask: NDArray[np.bool_], number: NDArray[np.int_]) -> NDArray[np.int64]:
    """Return the cell sides (K, 2) on the silhouette's border, each running as its cell's triangles run through it."""
    padded = np.pad(mask, 1)
    inner = padded[1:-1, 1:-1]
    sides = []
    for outer, start, end in (
        (padded[:-2, 1:-1], (0, 1), (0, 0)),
        (padded[1:-1, :-2], (0, 0), (1, 0)),
        (padded[2:, 1:-1], (1, 0), (1, 1)),
        (padded[1:-1, 2:], (1, 1), (0, 1)),
    ):
        rows, columns = np.nonzero(inner & ~outer)
        starts = number[rows + start[0], columns + start[1]]
        ends = number[rows + end[0], columns + end[1]]
        sides.append(np.stack([starts, ends], axis=1))
    return np.concatenate(sides)


def _smooth_outline(flat: NDArray[np.float64], outline: NDArray[np.int64], silhouette: Silhouette) -> Points:
    """Return the corners' places (N, 2) with the steps of the border evened out, except where the subject stands."""
    count = len(flat)
    along = sparse.csr_array((np.full(len(outline), 0.5), (outline[:, 0], outline[:, 1])), shape=(count, count))
    mean = along + along.T
    border = np.unique(outline)
    moving = np.zeros((count, 2))
    moving[border] = 1
    if silhouette.stands:
        ground = border[flat[border, 1] == silhouette.mask.shape[0] - 1]
        moving[ground] = 0
    smooth = flat
    for _ in range(OUTLINE_PASSES):
        for weight in (0.5, -0.52):
            smooth = smooth + weight * moving * (mean @ smooth - smooth)
    return smooth.astype(np.float32)


def _links(sheet: Faces, count: int) -> sparse.csr_array:
    pairs = np.concatenate([sheet[:, [0, 1]], sheet[:, [1, 2]], sheet[:, [2, 0]]])
    links = sparse.csr_array((np.ones(len(pairs), np.float32), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    links = links + links.T
    links.data[:] = 1
    return sparse.csr_array(sparse.diags_array(1 / np.maximum(links.sum(axis=1), 1)) @ links)


def _soften(z: Points, links: sparse.csr_array, outline: NDArray[np.int64]) -> Points:
    """Return the heights evened out a little, most of all next to the border, where they would show its steps."""
    near = np.zeros(len(z), np.bool_)
    near[np.unique(outline)] = True
    for _ in range(RIM_RINGS):
        near |= links @ near > 0
    strength = np.where(near, 0.45, 0.08).astype(np.float32)
    for _ in range(RIM_PASSES):
        z = np.asarray(z + strength * (links @ z - z), np.float32)
    return z


def _assemble(flat: Points, front_z: Points, back_z: Points, sheet: Faces, outline: NDArray[np.int64]) -> Surface:
    count = len(flat)
    border, place = np.unique(outline, return_inverse=True)
    sides = place.reshape(outline.shape)
    middle = len(border)
    points = np.concatenate(
        [
            np.column_stack([flat, front_z]),
            np.column_stack([flat, -back_z]),
            np.column_stack([flat[border], np.full(middle, GAP)]),
            np.column_stack([flat[border], np.full(middle, -GAP)]),
        ]
    )
    front_rim = border
    back_rim = border + count
    front_middle = 2 * count + np.arange(middle)
    back_middle = 2 * count + middle + np.arange(middle)
    rings = (front_rim, front_middle, back_middle, back_rim)
    bands = [_band(upper[sides], lower[sides]) for upper, lower in pairwise(rings)]
    faces = np.concatenate([sheet, sheet[:, ::-1] + count, *bands])
    welded = np.arange(len(points))
    welded[back_middle] = front_middle
    is_back = np.zeros(len(points), np.bool_)
    is_back[count : 2 * count] = is_back[2 * count + middle :] = True
    return Surface(points, _normals(points, faces, welded), faces, is_back)


def _band(upper: NDArray[np.int64], lower: NDArray[np.int64]) -> Faces:
    """Return the triangles between two rings' sides (K, 2), facing outwards."""
    return np.concatenate(
        [
            np.stack([upper[:, 1], upper[:, 0], lower[:, 0]], axis=1),
            np.stack([upper[:, 1], lower[:, 0], lower[:, 1]], axis=1),
        ]
    )


def _normals(points: Points, faces: Faces, welded: NDArray[np.int64]) -> Points:
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    # y runs down, so that the cross product of a triangle seen counter-clockwise points away from the viewer.
    area = np.cross(c - a, b - a)
    total = np.zeros(points.shape)
    for axis in range(3):
        total[:, axis] = np.bincount(welded[faces].ravel(), weights=np.repeat(area[:, axis], 3), minlength=len(points))
    total = total[welded]
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.asarray(total / np.maximum(length, 1e-12), np.float32)
