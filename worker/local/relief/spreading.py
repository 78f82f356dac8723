"""Carries colours on from where they are known over where they are not."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.float32]


def spread_colours(colours: Pixels, weight: Pixels) -> Pixels:
    """Return colours (H, W, 3) that are the given ones where weight (H, W) is 1 and run on smoothly where it is 0."""
    known = np.concatenate([colours * weight[..., None], weight[..., None]], axis=2)
    return spread_values(known)


def spread_values(known: Pixels) -> Pixels:
    """Return values (H, W, N) of which known (H, W, N + 1) holds those times a weight in 0..1, and that weight last."""
    return _pull_push(known)[..., :-1]


def resize(pixels: Pixels, size: tuple[int, int], how: Image.Resampling) -> Pixels:
    """Return pixels (H, W, N) at another size, width before height."""
    channels = [Image.fromarray(np.ascontiguousarray(pixels[..., i])).resize(size, how) for i in range(pixels.shape[2])]
    return np.stack([np.asarray(channel) for channel in channels], axis=2)


def to_image(pixels: Pixels) -> Image.Image:
    """Return colours (H, W, 3) in 0..1 as an RGB picture."""
    return Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8))


def _pull_push(known: Pixels) -> Pixels:
    height, width = known.shape[:2]
    weight = np.clip(known[..., -1:], 0, 1)
    if max(height, width) == 1:
        return np.concatenate([known[..., :-1] / np.maximum(weight, 1e-6), weight], axis=2)
    half = ((width + 1) // 2, (height + 1) // 2)
    smaller = resize(known, half, Image.Resampling.BOX)
    # A place that is known in part tells its colour as well as one that is known wholly.
    gain = np.minimum(1 / np.maximum(smaller[..., -1:], 1e-6), 4)
    coarse = resize(_pull_push(smaller * gain), (width, height), Image.Resampling.BILINEAR)
    filled = known[..., :-1] + (1 - weight) * coarse[..., :-1]
    return np.concatenate([filled, np.ones_like(weight)], axis=2)
