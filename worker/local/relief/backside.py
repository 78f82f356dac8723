"""Makes a figure's back up from the colours along its outline."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from worker.local.relief.spreading import Pixels, resize, spread_values, to_image

# The back grows from a rim of colours this deep, as a share of the subject's size, and is darker far from it.
RIM_SHARE = 0.05
SHADE = 0.85
SEEDS = (0.35, 1.2)
STEEPEST_SEED = -0.35
# The back is painted in so many colours, the more firmly parted the larger; sideways they run so much farther.
PAINTS = 7
PALETTE_PASSES = 8
FIRMNESS = 3
STROKES = 0.12
STROKE = (2.4, 1.1)
SQUEEZE = 3


def paint_back(front: Pixels, alpha: Pixels, size: tuple[int, int], *, stands: bool) -> Pixels:
    """Return the back: the colours along the outline, so hair and clothes but no face, grown over what lies inside."""
    colours = np.asarray(to_image(front).resize(size, Image.Resampling.BOX), np.float32) / np.float32(255)
    solid = np.asarray(Image.fromarray(alpha).resize(size, Image.Resampling.BOX)) > 0.5  # noqa: PLR2004
    radius = max(1.0, RIM_SHARE * float(solid.sum()) ** 0.5)
    depth = _measure_depth(solid, stands=stands) / np.float32(radius)
    # Only what does not look down spreads: hair over the nape, shoulders over the back, but no chin over a head.
    slope = ndimage.gaussian_filter(np.gradient(depth, axis=0), 1.0) * np.float32(radius)
    seeds = solid & (depth > SEEDS[0]) & (depth < SEEDS[1]) & (slope > STEEPEST_SEED)
    if not seeds.any():
        seeds = np.ones_like(solid)
    grown = _grow(colours, seeds, radius)
    near = np.clip(1.0 - depth, 0, 1)[..., None]
    shade = 1 - (1 - SHADE) * np.clip(depth / 4, 0, 1)[..., None]
    return np.asarray((near * colours + (1 - near) * grown) * shade, np.float32)


def _grow(colours: Pixels, seeds: NDArray[np.bool_], radius: float) -> Pixels:
    """Return the few colours that the seeds have, as a painter lays them on: each where most seeds around have it.

    Seeds on the same height count for more than those above and below: hair ends where it ends at the sides.
    """
    palette, kind = _choose_palette(colours[seeds])
    member = np.zeros((*seeds.shape, len(palette) + 1), np.float32)
    member[seeds, kind] = member[seeds, -1] = 1
    height, width = seeds.shape
    narrow = (max(2, width // SQUEEZE), height)
    spread = spread_values(resize(member, narrow, Image.Resampling.BOX))
    share = resize(spread, (width, height), Image.Resampling.BICUBIC)
    share = np.stack([ndimage.gaussian_filter(share[..., i], radius / 3) for i in range(len(palette))], axis=2)
    firm = (np.clip(share, 1e-4, 1) * np.exp(STROKES * _draw_strokes(share.shape))) ** FIRMNESS
    firm /= firm.sum(axis=2, keepdims=True)
    return np.asarray(np.einsum("hwn,nc->hwc", firm, palette), np.float32)


def _draw_strokes(shape: tuple[int, ...]) -> Pixels:
    """Return noise (H, W, N) of deviation 1, always the same, of upright strokes: neither hair nor cloth is even."""
    noise = np.random.default_rng(0).standard_normal(shape, np.float32)
    noise = ndimage.gaussian_filter(noise, (*STROKE, 0), mode="wrap")
    return np.asarray(noise / max(float(noise.std()), 1e-6), np.float32)


def _choose_palette(colours: Pixels) -> tuple[Pixels, NDArray[np.intp]]:
    """Return at most PAINTS colours that stand for the given ones (N, 3), and which of them each is nearest to."""
    order = np.argsort(colours.sum(axis=1), kind="stable")
    palette = colours[order[np.linspace(0, len(order) - 1, PAINTS).round().astype(int)]]
    for _ in range(PALETTE_PASSES):
        nearest = ((colours[:, None] - palette[None]) ** 2).sum(axis=2).argmin(axis=1)
        for paint_number in np.unique(nearest):
            palette[paint_number] = colours[nearest == paint_number].mean(axis=0)
    return palette, nearest


def _measure_depth(solid: NDArray[np.bool_], *, stands: bool) -> Pixels:
    """Return how many pixels each solid one is from the outline, of which an edge the subject stands on is no part."""
    height, width = solid.shape
    padded = np.pad(solid, ((1, height), (1, 1)))
    if stands:
        padded[max(height - 3, 1) :, 1:-1] |= solid[-4:].any(axis=0)
    return np.asarray(ndimage.distance_transform_edt(padded)[1 : height + 1, 1 : width + 1] * solid, np.float32)
