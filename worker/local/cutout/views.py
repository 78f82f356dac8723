"""Shows the network a photo three times, since it is easily mistaken: as it is, mirrored, and from closer by."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from worker.local.cutout.matting import find_subject
from worker.local.cutout.saliency import predict_saliency

Pixels = NDArray[np.float32]
Box = tuple[int, int, int, int]

# What is seen from closer by is finer than the network's own pixels.
FINER = 2
SEEN = 0.5
# Around the subject so much of its longer side is shown with it.
MARGIN = 0.12
# A corner that the subject cuts off is part of it, such as a chest below a face, if on average it is so likely.
LIKELY_CORNER = 0.2


def predict_from_views(photo: Image.Image, model_path: Path, report: Callable[[float], None]) -> Pixels:
    """Return an RGB photo's saliency, FINER than the network's, as most of three views have it; all 0 if it has none.

    report hears fractions 0..1.
    """
    plain = predict_saliency(photo, model_path)
    size = (FINER * plain.shape[1], FINER * plain.shape[0])
    if not plain.any():
        return np.zeros(size[::-1], np.float32)
    report(1 / 3)
    mirrored = predict_saliency(photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT), model_path)[:, ::-1]
    report(2 / 3)
    box = _box_around(np.maximum(plain, mirrored))
    closer = predict_saliency(photo.crop(_scale(box, plain.shape, photo.size)), model_path)
    first, second = _resize(plain, size), _resize(mirrored, size)
    # Where the third does not look, the first two have half a say each.
    third = (first + second) / 2
    left, top, right, bottom = (FINER * side for side in box)
    third[top:bottom, left:right] = _resize(closer, (right - left, bottom - top))
    return fill_corners(np.median([first, second, third], axis=0).astype(np.float32))


def fill_corners(saliency: Pixels) -> Pixels:
    """Return the saliency (H, W), certain also in faint corners that the subject parts from the background."""
    grounds, count = ndimage.label(~find_subject(saliency))
    rims = [np.unique(rim) for rim in (grounds[0], grounds[-1], grounds[:, 0], grounds[:, -1])]
    in_corner = np.bincount(np.concatenate(rims), minlength=count + 1) > 1
    means = np.asarray(ndimage.mean(saliency, grounds, np.arange(count + 1)))
    belongs = in_corner & (means > LIKELY_CORNER)
    belongs[0] = False
    return np.where(belongs[grounds], np.float32(1), saliency)


def _box_around(saliency: Pixels) -> Box:
    """Return (left, top, right, bottom) of what is seen, and of some of what is around it."""
    seen = saliency > SEEN
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    margin = round(MARGIN * max(np.ptp(rows), np.ptp(columns)))
    height, width = saliency.shape
    left, right = max(0, int(columns[0]) - margin), min(width, int(columns[-1]) + 1 + margin)
    top, bottom = max(0, int(rows[0]) - margin), min(height, int(rows[-1]) + 1 + margin)
    return left, top, right, bottom


def _scale(box: Box, shape: tuple[int, ...], size: tuple[int, int]) -> Box:
    """Return the box within a map of this shape as one of a photo of that size, at least a pixel wide and high."""
    across, down = size[0] / shape[1], size[1] / shape[0]
    left, top = int(box[0] * across), int(box[1] * down)
    return left, top, max(left + 1, round(box[2] * across)), max(top + 1, round(box[3] * down))


def _resize(saliency: Pixels, size: tuple[int, int]) -> Pixels:
    enlarged = Image.fromarray(np.ascontiguousarray(saliency)).resize(size, Image.Resampling.BICUBIC)
    return np.clip(np.asarray(enlarged, np.float32), 0, 1)
