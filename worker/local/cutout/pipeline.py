"""Cuts the subject out of a photo: find it small, solve its outline at medium size, render it at full size."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from worker.local.cutout.flat import find_flat, lift
from worker.local.cutout.foreground import estimate_foreground
from worker.local.cutout.matting import estimate_alpha
from worker.local.cutout.nothing import shows_nothing
from worker.local.cutout.photo import clear_hidden, is_cut_out, split_photo
from worker.local.cutout.upsampling import Layers, fit_layers, render_tile, split_into_tiles
from worker.local.cutout.views import FINER, predict_from_views

SOLVING_SIDE = 768
# The network's outline is off by a few of its own pixels; the band has to hold the true one.
BAND_IN_NETWORK_PIXELS = 3.5


def cut_out(image: Image.Image, *, model_path: Path, report: Callable[[float], None] = lambda _: None) -> Image.Image:
    """Return the subject of a decoded photo as RGBA of the same size with soft, fringe-free edges.

    What is cut out already keeps its own outline, and a flat picture loses its ground. report hears rising fractions
    0..1. A photo without a subject comes back fully transparent.
    """
    photo, own_alpha = split_photo(image)
    report(0.05)
    if own_alpha is not None and is_cut_out(own_alpha):
        photo.putalpha(own_alpha)
        result = clear_hidden(photo)
    elif shows_nothing(photo):
        result = Image.new("RGBA", photo.size)
    else:
        flat = find_flat(photo)
        result = lift(photo, flat) if flat else _cut_out_photo(photo, model_path, report)
        if own_alpha is not None:
            result.putalpha(ImageChops.multiply(result.getchannel("A"), own_alpha))
    report(1.0)
    return result


def _cut_out_photo(photo: Image.Image, model_path: Path, report: Callable[[float], None]) -> Image.Image:
    saliency = predict_from_views(photo, model_path, lambda share: report(0.05 + 0.4 * share))
    report(0.45)
    layers = _solve(photo, saliency)
    report(0.7)
    result = Image.new("RGBA", photo.size)
    tiles = list(split_into_tiles(photo.size))
    for done, box in enumerate(tiles, start=1):
        result.paste(render_tile(photo, layers, box), box)
        report(0.7 + 0.3 * done / len(tiles))
    return result


def _solve(photo: Image.Image, saliency: NDArray[np.float32]) -> Layers:
    scale = min(1.0, SOLVING_SIDE / max(photo.size))
    size = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))
    small = photo.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    pixels = np.asarray(small, np.float32) / np.float32(255)
    coarse = np.asarray(Image.fromarray(saliency).resize(size, Image.Resampling.BICUBIC))
    radius = max(1, round(BAND_IN_NETWORK_PIXELS * FINER * max(size) / max(saliency.shape)))
    alpha = estimate_alpha(pixels, np.clip(coarse, 0, 1), radius)
    foreground, background = estimate_foreground(pixels, alpha)
    return fit_layers(pixels, alpha, foreground, background)
