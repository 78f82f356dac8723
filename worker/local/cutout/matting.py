"""Turns a coarse saliency map into a soft alpha by closed-form matting (Levin et al. 2008) along the outline only."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.linalg import cg

FAINT = 0.3
LIKELY = 0.6
CERTAIN = 0.9
# Alpha this close to 0 or 1 is the solver's noise and shows as a veil around the subject.
HAZE = 0.03
EPSILON = 1e-5
# Time and memory grow with the band; a scene of many small things gets a narrower one.
LARGEST_BAND = 80_000
KNOWN_WEIGHT = 10.0
PRIOR_WEIGHT = 0.05
WINDOW = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]


def estimate_alpha(photo: NDArray[np.float32], saliency: NDArray[np.float32], band_radius: int) -> NDArray[np.float32]:
    """Return alpha (H, W) in 0..1 for a photo (H, W, 3) in 0..1, solved within band_radius pixels of the outline."""
    subject = find_subject(saliency)
    unknown = find_band(subject, band_radius)
    if (size := int(unknown.sum())) > LARGEST_BAND:
        unknown = find_band(subject, max(1, band_radius * LARGEST_BAND // size))
    guess = np.where(unknown, np.clip((saliency - FAINT) / (CERTAIN - FAINT), 0, 1), subject).astype(np.float32)
    centres = ndimage.binary_dilation(unknown, np.ones((3, 3), np.bool_))
    centres[[0, -1], :] = False
    centres[:, [0, -1]] = False
    if not centres.any():
        return guess
    involved = ndimage.binary_dilation(centres, np.ones((3, 3), np.bool_))
    prior = guess[involved].astype(np.float64)
    weight = np.where(unknown[involved], PRIOR_WEIGHT * (2 * prior - 1) ** 2, KNOWN_WEIGHT)
    system = build_laplacian(photo, centres, involved) + sparse.diags_array(weight)
    jacobi = sparse.diags_array(1 / system.diagonal())
    solved, _ = cg(system, weight * prior, x0=prior, rtol=1e-3, maxiter=200, M=jacobi)
    alpha = guess.copy()
    alpha[involved] = np.clip((solved - HAZE) / (1 - 2 * HAZE), 0, 1)
    return alpha


def find_subject(saliency: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return the likely pixels of (H, W) that hang together with a certain one, so that faint islands drop out."""
    regions, count = ndimage.label(saliency > LIKELY)
    peaks = np.asarray(ndimage.maximum(saliency, regions, np.arange(count + 1)))
    certain = peaks > CERTAIN
    certain[0] = False
    return np.asarray(certain[regions])


def find_band(subject: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    """Return the pixels within radius (city-block) of the subject's outline."""
    outer = ndimage.binary_dilation(subject, iterations=radius)
    inner = ndimage.binary_erosion(subject, iterations=radius, border_value=1)
    return np.asarray(outer & ~inner)


def build_laplacian(
    photo: NDArray[np.float32], centres: NDArray[np.bool_], involved: NDArray[np.bool_]
) -> sparse.csr_array:
    """Return the matting Laplacian (n, n) over the n involved pixels, summed over the 3 by 3 windows at the centres."""
    height, width = centres.shape
    count = int(involved.sum())
    number = np.full(height * width, -1, np.int32)
    number[involved.ravel()] = np.arange(count, dtype=np.int32)
    middle = np.flatnonzero(centres)
    steps = np.array([dy * width + dx for dy, dx in WINDOW])
    affinity = _window_affinity(photo.reshape(-1, 3)[middle[:, None] + steps])
    stencil = np.zeros((25, count))
    for i, (iy, ix) in enumerate(WINDOW):
        rows = number[middle + steps[i]]
        for j, (jy, jx) in enumerate(WINDOW):
            stencil[(jy - iy + 2) * 5 + jx - ix + 2, rows] += affinity[:, i, j]
    return _assemble(stencil, number, np.flatnonzero(involved), width)


def _window_affinity(colours: NDArray[np.float32]) -> NDArray[np.float64]:
    centred = colours.astype(np.float64) - colours.mean(axis=1, keepdims=True, dtype=np.float64)
    covariance = centred.transpose(0, 2, 1) @ centred / 9 + EPSILON / 9 * np.eye(3)
    gram = centred @ np.linalg.solve(covariance, centred.transpose(0, 2, 1))
    affinity: NDArray[np.float64] = np.eye(9) - (1 + gram) / 9
    return affinity


def _assemble(
    stencil: NDArray[np.float64], number: NDArray[np.int32], pixels: NDArray[np.intp], width: int
) -> sparse.csr_array:
    offsets = np.array([dy * width + dx for dy in range(-2, 3) for dx in range(-2, 3)])
    present = stencil != 0
    slots, rows = np.nonzero(present)
    columns = number[pixels[rows] + offsets[slots]]
    count = len(pixels)
    return sparse.csr_array((stencil[present], (rows, columns)), shape=(count, count))
