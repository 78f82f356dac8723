"""Sets a figure down on a plinth, with which it is one body and stands on a table."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from worker.local.relief.inflation import Heights
from worker.local.relief.silhouette import Silhouette, join_corners

# As shares of the subject's size, the square root of its area: how deep it is let in, and the height of the plinth.
SINK = 0.04
TALL = 0.08
# Of the subject's height, at most this share is let in.
MOST_SUNK = 0.125
# As shares of the subject's width: half the plinth's width, and of that its least depth to either side.
HALF_WIDTH = 0.53
SLIMMEST = 0.34
# It reaches this far beyond the subject's deepest part, but is never deeper than wide.
STANCE = 1.06
BEVEL = (0.93, 0.98)
# What hangs in the air is held by posts of twice as many cells and one.
POST = 2


@dataclass(frozen=True)
class Standing:
    """A figure on its plinth: one silhouette for both, the heights before and behind it, and the plinth's first row."""

    silhouette: Silhouette
    front: Heights
    back: Heights
    ground: int


def set_down(silhouette: Silhouette) -> Silhouette:
    """Return the subject as it stands on a plinth: all of it in one piece, a little let in, with room on both sides."""
    mask = silhouette.mask
    if not silhouette.stands:
        sunk = min(round(SINK * _size(mask)), int(MOST_SUNK * mask.shape[0]))
        kept = mask.shape[0] - 1 - sunk
        mask = np.vstack([mask[:kept], np.zeros_like(mask[:1])])
    mask = _hold_up(mask)
    room = int(np.ceil((HALF_WIDTH - 0.5) * mask.shape[1])) + 2
    return replace(
        silhouette,
        mask=np.pad(mask, ((0, 0), (room, room))),
        luminance=np.pad(silhouette.luminance[: len(mask)], ((0, 0), (room, room)), mode="edge"),
        stands=True,
        origin=(silhouette.origin[0] - room * silhouette.pixels[0], silhouette.origin[1]),
    )


def add_plinth(silhouette: Silhouette, front: Heights, back: Heights) -> Standing:
    """Return a subject that was set down, and the heights on the corners of its cells, with a plinth below."""
    mask = silhouette.mask[:-1]
    rows = max(4, round(TALL * _size(mask)))
    across, half = _outline(mask)
    # The first row below the subject is as thin as it is: there the colours change, and the plinth's top has but one.
    slab = np.repeat((np.abs(across[:-1] + 0.5) < half)[None], rows, axis=0)
    whole = np.vstack([mask, mask[-1:], slab, np.zeros_like(mask[:1])])
    deepest = STANCE * max(float(front.max()), float(back.max()))
    depth = float(np.clip(deepest, SLIMMEST * half, half))
    wall = depth * np.sqrt(np.clip(1 - (across / half) ** 2, 0, 1))
    steps = np.array([*BEVEL, *[1.0] * (rows - len(BEVEL)), 0.0])[:, None]
    below = np.asarray(steps * wall, np.float32)
    front, back = (np.vstack([heights[:-1], heights[-2:-1], below]) for heights in (front, back))
    luminance = np.pad(silhouette.luminance[:-1], ((0, len(whole) - len(mask)), (0, 0)), mode="edge")
    return Standing(replace(silhouette, mask=whole, luminance=luminance), front, back, ground=len(mask))


def _size(mask: NDArray[np.bool_]) -> float:
    return float(np.sqrt(mask.sum()))


def _outline(mask: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    """Return how far each corner's column is from the subject's middle, and half the plinth's width."""
    columns = np.flatnonzero(mask.any(axis=0))
    first, last = float(columns[0]), float(columns[-1] + 1)
    return np.arange(mask.shape[1] + 1) - (first + last) / 2, HALF_WIDTH * (last - first)


def _hold_up(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask with a post below every part that does not stand, down to what lies below it or to the ground."""
    held = mask.copy()
    parts, count = ndimage.label(mask)
    bottom = mask.shape[0] - 2
    for part in range(1, count + 1):
        rows, columns = np.nonzero(parts == part)
        if rows.max() == bottom:
            continue
        middle = int(np.median(columns[rows == rows.max()]))
        post = slice(max(1, middle - POST), min(mask.shape[1] - 1, middle + POST + 1))
        below = np.flatnonzero(mask[rows.max() + 1 : bottom + 1, middle])
        end = rows.max() + 1 + (int(below[0]) if len(below) else bottom - rows.max())
        held[rows.max() : end, post] = True
    return join_corners(held)
