"""Carries an alpha and colours solved at a small size to the full photo, tile by tile, guided by its own pixels."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Pixels = NDArray[np.float32]
Box = tuple[int, int, int, int]

TILE = 512
RADIUS = 2
EPSILON = 1e-4
# Differences of alpha below this are rounding, and a trace of the background if shown.
VEIL = 0.01


@dataclass(frozen=True)
class Layers:
    """What the small solution hands to the full size: all float32, (H, W) or (H, W, 3), colours in 0..1."""

    alpha: Pixels
    slope: Pixels
    offset: Pixels
    foreground: Pixels
    background: Pixels


def fit_layers(photo: Pixels, alpha: Pixels, foreground: Pixels, background: Pixels) -> Layers:
    """Fit alpha = slope · colour + offset around every pixel (guided filter, He et al. 2013)."""
    slope = np.zeros_like(photo)
    edge = find_edge(alpha)
    ys, xs = np.nonzero(edge)
    reach = np.arange(-RADIUS, RADIUS + 1)
    height, width = alpha.shape
    rows = np.clip(ys[:, None, None] + reach[:, None], 0, height - 1)
    columns = np.clip(xs[:, None, None] + reach, 0, width - 1)
    colours = photo[rows, columns].reshape(len(ys), reach.size**2, 3)
    alphas = alpha[rows, columns].reshape(len(ys), reach.size**2, 1)
    mean_colour = colours.mean(axis=1, keepdims=True)
    mean_alpha = alphas.mean(axis=1, keepdims=True)
    centred = colours - mean_colour
    transposed = centred.transpose(0, 2, 1)
    covariance = transposed @ centred / reach.size**2 + EPSILON * np.eye(3, dtype=np.float32)
    fitted = np.linalg.solve(covariance, transposed @ (alphas - mean_alpha) / reach.size**2)
    slope[edge] = fitted[..., 0]
    offset = alpha.copy()
    offset[edge] = (mean_alpha - mean_colour @ fitted)[:, 0, 0]
    size = 2 * RADIUS + 1
    return Layers(
        alpha,
        ndimage.uniform_filter(slope, (size, size, 1)),
        ndimage.uniform_filter(offset, size),
        foreground,
        background,
    )


def find_edge(alpha: Pixels) -> NDArray[np.bool_]:
    """Return the pixels whose filter window does not hold one single alpha."""
    size = 2 * RADIUS + 1
    return np.asarray(ndimage.maximum_filter(alpha, size) - ndimage.minimum_filter(alpha, size) > VEIL)


def split_into_tiles(size: tuple[int, int]) -> Iterator[Box]:
    """Yield the (left, top, right, bottom) boxes that cover an image of that (width, height)."""
    width, height = size
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            yield left, top, min(left + TILE, width), min(top + TILE, height)


def render_tile(photo: Image.Image, layers: Layers, box: Box) -> Image.Image:
    """Return one box of the RGB photo as RGBA, its soft pixels free of the background's colour."""
    tile = photo.crop(box)
    window = _scale(box, photo.size, layers.alpha.shape)
    flat = _flat_alpha(layers.alpha, window)
    if flat == 0:
        return Image.new("RGBA", tile.size)
    if flat == 1:
        tile.putalpha(255)
        return tile
    colour = np.asarray(tile, np.float32) / 255
    slope, offset, foreground, background = (
        _enlarge(layer, window, tile.size)
        for layer in (layers.slope, layers.offset, layers.foreground, layers.background)
    )
    fitted = np.sum(slope * colour, axis=2, keepdims=True) + offset
    alpha = np.clip((fitted - VEIL) / (1 - 2 * VEIL), 0, 1)
    residual = colour - alpha * foreground - (1 - alpha) * background
    subject = np.clip(foreground + alpha * residual, 0, 1)
    return Image.fromarray((np.concatenate([subject, alpha], axis=2) * 255 + 0.5).astype(np.uint8))


def _scale(box: Box, size: tuple[int, int], shape: tuple[int, ...]) -> tuple[float, float, float, float]:
    across = shape[1] / size[0]
    down = shape[0] / size[1]
    return box[0] * across, box[1] * down, box[2] * across, box[3] * down


def _flat_alpha(alpha: Pixels, window: tuple[float, float, float, float]) -> int | None:
    """Return 0 or 1 if alpha is that everywhere the filters can reach from the window, else None."""
    margin = 2 * RADIUS + 2
    left = max(int(window[0]) - margin, 0)
    top = max(int(window[1]) - margin, 0)
    seen = alpha[top : int(window[3]) + margin, left : int(window[2]) + margin]
    low = float(seen.min())
    high = float(seen.max())
    return int(low) if low == high and low in (0, 1) else None


def _enlarge(layer: Pixels, window: tuple[float, float, float, float], size: tuple[int, int]) -> Pixels:
    channels = np.atleast_3d(layer)
    enlarged = [
        Image.fromarray(np.ascontiguousarray(channels[..., index])).resize(size, Image.Resampling.BILINEAR, window)
        for index in range(channels.shape[2])
    ]
    return np.stack([np.asarray(channel) for channel in enlarged], axis=2)
