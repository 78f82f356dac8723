"""Repaints a picture from coarse to fine in overlapping tiles that agree on their colours."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worker.local.stylise.network import TILE, Painter

Pixels = NDArray[np.float32]

# The first level is one tile that sees everything; the later ones add finer strokes.
LEVELS = (384, 704)
OVERLAP = 64
# Each level takes over the colours of the one before in patches of about this many pixels.
HARMONY = 32


def count_tiles(size: tuple[int, int]) -> int:
    """Return how many tiles all levels of a picture of this (width, height) take together."""
    return sum(len(list(_tiles(*_padded(_fit(size, side))))) for side in levels_of(size))


def levels_of(size: tuple[int, int]) -> list[int]:
    """Return the long sides at which a picture of this (width, height) is painted, its own last."""
    return [side for side in LEVELS if side <= max(size)] or [max(size)]


def paint(
    picture: Image.Image, painter: Painter, *, level_done: Callable[[Pixels], None], tile_done: Callable[[], None]
) -> Pixels:
    """Return an RGB picture repainted, float32 (H, W, 3) in 0..1; level_done hears every level but the last."""
    painted: Pixels | None = None
    for side in levels_of(picture.size):
        if painted is not None:
            level_done(painted)
        small = picture.resize(_fit(picture.size, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
        finer = _paint_level(np.asarray(small, np.float32) / np.float32(255), painter, tile_done)
        painted = finer if painted is None else _harmonise(finer, resize(painted, small.size))
    assert painted is not None  # noqa: S101 - there is always one level
    return painted


def resize(pixels: Pixels, size: tuple[int, int], resampling: Image.Resampling = Image.Resampling.BICUBIC) -> Pixels:
    """Return pixels (H, W) or (H, W, channels) at another (width, height)."""
    channels = np.atleast_3d(pixels)
    resized = [
        np.asarray(Image.fromarray(np.ascontiguousarray(channels[..., index])).resize(size, resampling))
        for index in range(channels.shape[2])
    ]
    return np.stack(resized, axis=2).reshape((size[1], size[0], *pixels.shape[2:]))


def blur(pixels: Pixels, radius: int) -> Pixels:
    """Return pixels without what is smaller than radius."""
    height, width = pixels.shape[:2]
    small = max(1, round(width / radius)), max(1, round(height / radius))
    return resize(resize(pixels, small, Image.Resampling.BOX), (width, height))


def _fit(size: tuple[int, int], side: int) -> tuple[int, int]:
    scale = side / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _paint_level(pixels: Pixels, painter: Painter, tile_done: Callable[[], None]) -> Pixels:
    height, width = pixels.shape[:2]
    wide, high = _padded((width, height))
    whole = np.pad(pixels, ((0, high - height), (0, wide - width), (0, 0)), "symmetric")
    ramp = np.minimum(np.arange(1, TILE + 1), np.arange(TILE, 0, -1)).clip(max=OVERLAP).astype(np.float32)
    weight = np.outer(ramp, ramp)[..., None]
    total = np.zeros_like(whole)
    weights = np.zeros_like(whole[..., :1])
    for left, top in _tiles(wide, high):
        window = np.s_[top : top + TILE, left : left + TILE]
        total[window] += weight * painter.paint(whole[window])
        weights[window] += weight
        tile_done()
    return np.asarray((total / weights)[:height, :width], np.float32)


def _padded(size: tuple[int, int]) -> tuple[int, int]:
    return max(size[0], TILE), max(size[1], TILE)


def _tiles(width: int, height: int) -> Iterator[tuple[int, int]]:
    for top in _starts(height):
        for left in _starts(width):
            yield left, top


def _starts(length: int) -> list[int]:
    count = 1 + max(0, -(-(length - TILE) // (TILE - OVERLAP)))
    return [round(start) for start in np.linspace(0, length - TILE, count)]


def _harmonise(finer: Pixels, coarser: Pixels) -> Pixels:
    return np.asarray(np.clip(finer + blur(coarser, HARMONY) - blur(finer, HARMONY), 0, 1), np.float32)
