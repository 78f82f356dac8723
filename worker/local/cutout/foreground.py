"""Separates subject and background colours by multi-level estimation (Germer et al. 2020)."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.float32]

SMOOTHNESS = 1e-5
SMALL_SIDE = 32
SMALL_ROUNDS = 10
LARGE_ROUNDS = 2


def estimate_foreground(photo: Pixels, alpha: Pixels) -> tuple[Pixels, Pixels]:
    """Return the foreground and background colours (H, W, 3) in 0..1 that mix by alpha (H, W) into the photo."""
    height, width = alpha.shape
    foreground = background = photo.mean(axis=(0, 1), keepdims=True)
    for level_height, level_width in _pyramid(height, width):
        size = (level_width, level_height)
        level_photo = _resize(photo, size)
        level_alpha = _resize(alpha[..., None], size)
        foreground = _resize(foreground, size)
        background = _resize(background, size)
        rounds = SMALL_ROUNDS if max(size) <= SMALL_SIDE else LARGE_ROUNDS
        for _ in range(rounds):
            foreground, background = _relax(level_photo, level_alpha, foreground, background)
    return foreground, background


def _pyramid(height: int, width: int) -> list[tuple[int, int]]:
    levels = int(np.ceil(np.log2(max(height, width)))) if max(height, width) > 1 else 0
    steps = [level / levels for level in range(levels + 1)] if levels else [1.0]
    return [(round(height**step), round(width**step)) for step in steps]


def _resize(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    if pixels.shape[1::-1] == size:
        return pixels
    channels = [
        Image.fromarray(np.ascontiguousarray(pixels[..., channel])).resize(size, Image.Resampling.BOX)
        for channel in range(pixels.shape[2])
    ]
    return np.stack([np.asarray(channel) for channel in channels], axis=2)


def _relax(photo: Pixels, alpha: Pixels, foreground: Pixels, background: Pixels) -> tuple[Pixels, Pixels]:
    """Solve each pixel's two equations for its colours, given its four neighbours' colours."""
    total, near_foreground, near_background = _gather(alpha, foreground, background)
    inverse = 1 - alpha
    a = alpha**2 + total
    b = alpha * inverse
    c = inverse**2 + total
    f = alpha * photo + near_foreground
    g = inverse * photo + near_background
    determinant = a * c - b * b
    return np.clip((c * f - b * g) / determinant, 0, 1), np.clip((a * g - b * f) / determinant, 0, 1)


def _gather(alpha: Pixels, foreground: Pixels, background: Pixels) -> tuple[Pixels, Pixels, Pixels]:
    height, width, _ = alpha.shape
    stacked = np.pad(np.concatenate([alpha, foreground, background], axis=2), ((1, 1), (1, 1), (0, 0)), "edge")
    total = np.zeros_like(alpha)
    colours = np.zeros((height, width, 6), np.float32)
    for y, x in ((0, 1), (2, 1), (1, 0), (1, 2)):
        neighbour = stacked[y : y + height, x : x + width]
        weight = SMOOTHNESS + np.abs(neighbour[..., :1] - alpha)
        total += weight
        colours += weight * neighbour[..., 1:]
    return total, colours[..., :3], colours[..., 3:]
