"""Gives a flat silhouette its depth: it swells between its outlines, and shading carves the relief inside them."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.linalg import splu

from worker.local.relief.silhouette import Silhouette

Heights = NDArray[np.float32]

# Depths and distances are in cells, unless they are shares of the subject's size (the square root of its area).
ROUNDNESS = 1.25
DEEPEST = 0.46
BACK_DEPTH = 0.7
RIM = 1.0
# How firmly an edge inside the picture holds the swelling down.
CREASE = 0.006
DETAILS = ((0.008, 0.030, 0.020), (0.030, 0.110, 0.035))
FADE = 6.0


def raise_front(silhouette: Silhouette) -> Heights:
    """Return the height of the front over each corner of the raster's cells, (H+1, W+1), in cells, 0 outside."""
    mask = silhouette.mask
    size = float(mask.sum()) ** 0.5
    swelling = _swell(silhouette, CREASE * _find_edges(silhouette.luminance, mask))
    return _round_off(swelling, size) + _to_corners(_carve(silhouette, size)) * (swelling > 0)


def raise_back(silhouette: Silhouette) -> Heights:
    """Return the depth of the back behind each corner of the raster's cells, (H+1, W+1), in cells: plain, flatter."""
    swelling = _swell(silhouette, np.zeros(silhouette.mask.shape, np.float32))
    return BACK_DEPTH * _round_off(swelling, float(silhouette.mask.sum()) ** 0.5)


def _round_off(swelling: Heights, size: float) -> Heights:
    height = ROUNDNESS * np.sqrt(2 * swelling)
    limit = np.float32(DEEPEST * size)
    return np.asarray(limit * np.tanh(height / limit), np.float32)


def _swell(silhouette: Silhouette, resistance: NDArray[np.float32]) -> Heights:
    """Solve the Poisson equation on the corners, 0 along the outline but free along an edge the subject stands on."""
    mask = silhouette.mask
    free = mask.copy()
    if silhouette.stands:
        free[-1] = free[-2]
    inside = free[:-1, :-1] & free[:-1, 1:] & free[1:, :-1] & free[1:, 1:]
    heights = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1), np.float32)
    count = int(inside.sum())
    if not count:
        return heights
    number = np.full((inside.shape[0] + 1, inside.shape[1] + 1), -1)
    number[:-1, :-1][inside] = np.arange(count)
    system = _stencil(number, count)
    if silhouette.stands:
        ground = number[inside.shape[0] - 1, : inside.shape[1]]
        system = system - sparse.coo_array((np.ones((ground >= 0).sum()), (ground[ground >= 0],) * 2), (count, count))
    held = 0.25 * (resistance[:-1, :-1] + resistance[1:, :-1] + resistance[:-1, 1:] + resistance[1:, 1:])
    system = system + sparse.diags_array(held[inside].astype(np.float64))
    # Conjugate gradients would do as well, but their dot products wait for BLAS's threads whenever the machine is busy.
    solver = splu(sparse.csc_array(system), permc_spec="COLAMD", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    heights[1:-1, 1:-1][inside] = np.maximum(solver.solve(np.ones(count)), 0)
    return heights


def _stencil(number: NDArray[np.int_], count: int) -> sparse.csr_array:
    right = (number[:, :-1] >= 0) & (number[:, 1:] >= 0)
    below = (number[:-1] >= 0) & (number[1:] >= 0)
    first = np.concatenate([number[:, :-1][right], number[:-1][below]])
    second = np.concatenate([number[:, 1:][right], number[1:][below]])
    links = sparse.coo_array((np.full(len(first), -1.0), (first, second)), (count, count))
    return sparse.csr_array(links + links.T + sparse.diags_array(np.full(count, 4.0)))


def _find_edges(luminance: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return how strong an edge runs through each cell, 0..1, of those large enough to part one form from another."""
    blurred = _blur(luminance, mask, 2.0)
    edges = np.hypot(ndimage.sobel(blurred, axis=0), ndimage.sobel(blurred, axis=1))
    return np.asarray(np.clip((edges - 0.10) / 0.40, 0, 1) * mask, np.float32)


def _carve(silhouette: Silhouette, size: float) -> NDArray[np.float32]:
    """Return the relief of the inner shading, (H, W) in cells: what is darker than its surroundings lies deeper."""
    mask = silhouette.mask
    relief = np.zeros(mask.shape, np.float32)
    for fine, coarse, depth in DETAILS:
        contrast = _blur(silhouette.luminance, mask, fine * size) - _blur(silhouette.luminance, mask, coarse * size)
        relief += np.float32(depth * size) * np.tanh(contrast / np.float32(0.25))
    padded = np.vstack([mask, np.repeat(mask[-2:-1], 12, axis=0)]) if silhouette.stands else mask
    distance = ndimage.distance_transform_edt(padded)[: mask.shape[0]]
    return np.asarray(relief * np.clip(distance / FADE, 0, 1) ** 2, np.float32)


def _blur(luminance: NDArray[np.float32], mask: NDArray[np.bool_], radius: float) -> NDArray[np.float32]:
    weight = ndimage.gaussian_filter(mask.astype(np.float32), radius)
    summed = ndimage.gaussian_filter(luminance * mask, radius)
    return np.asarray(summed / np.maximum(weight, 1e-3), np.float32)


def _to_corners(cells: NDArray[np.float32]) -> Heights:
    padded = np.pad(cells, 1, mode="edge")
    return 0.25 * (padded[:-1, :-1] + padded[1:, :-1] + padded[:-1, 1:] + padded[1:, 1:])
