"""Cuts out drawings, logos and lettering: a few plain colours on a plain ground, which is taken away everywhere."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Pixels = NDArray[np.float32]

LOOKING_SIDE = 512
# The ground is one colour all along the picture's border, but for this share of it; ink is farther from it.
PLAIN = 0.98
SAME = 6
INK = 24
SMALLEST_INK = 5e-4
# Inks are the colours that make up so much of what is no ground, and together most of it: the rest is soft edges.
USED_INK = 0.08
OF_INKS = 0.5
# Colours closer than this, in each channel, are one.
BIN = 24
STRIP = 256
VEIL = 0.02


@dataclass(frozen=True)
class FlatPicture:
    """The colour (3,) of the ground, and for each place of a smaller picture the ink (H, W, 3) next to it."""

    ground: Pixels
    inks: NDArray[np.uint8]


def find_flat(photo: Image.Image) -> FlatPicture | None:
    """Return what a flat RGB picture is painted with; None for a photo."""
    scale = min(1.0, LOOKING_SIDE / max(photo.size))
    size = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
    # Nothing is mixed: each colour is one of the picture's own.
    colours = np.asarray(photo.resize(size, Image.Resampling.NEAREST), np.int16)
    border = np.concatenate([colours[0], colours[-1], colours[:, 0], colours[:, -1]])
    ground = np.median(border, axis=0)
    if (np.abs(border - ground).max(axis=1) <= SAME).mean() < PLAIN:
        return None
    is_ink = np.abs(colours - ground).max(axis=2) > INK
    if is_ink.mean() < SMALLEST_INK:
        return None
    bins = colours // BIN @ np.array([1, 256, 65536])
    names, counts = np.unique(bins[is_ink], return_counts=True)
    shares = counts / counts.sum()
    if shares[shares >= USED_INK].sum() < OF_INKS:
        return None
    solid = is_ink & np.isin(bins, names[shares >= USED_INK])
    nearest = ndimage.distance_transform_edt(~solid, return_distances=False, return_indices=True)
    return FlatPicture(ground.astype(np.float32), colours[tuple(nearest)].astype(np.uint8))


def lift(photo: Image.Image, flat: FlatPicture) -> Image.Image:
    """Return the RGB picture as RGBA without its ground, which soft edges are freed of, too."""
    inks = Image.fromarray(flat.inks).resize(photo.size, Image.Resampling.NEAREST)
    result = Image.new("RGBA", photo.size)
    for top in range(0, photo.height, STRIP):
        box = (0, top, photo.width, min(top + STRIP, photo.height))
        pixels, ink = (np.asarray(image.crop(box), np.float32) for image in (photo, inks))
        result.paste(Image.fromarray(_unmix(pixels, ink, flat.ground)), box)
    return result


def _unmix(pixels: Pixels, ink: Pixels, ground: Pixels) -> NDArray[np.uint8]:
    """Return RGBA pixels that look on the ground as the given ones do, as far between ground and ink as those are."""
    towards = ink - ground
    seen = pixels - ground
    along = (seen * towards).sum(axis=2) / np.maximum((towards * towards).sum(axis=2), 1)
    # A colour that no mixture of ink and ground gives is at least so opaque that some ink gives it.
    room = np.where(seen > 0, 255 - ground, ground)
    needed = (np.abs(seen) / np.maximum(room, 1)).max(axis=2)
    alpha = np.clip((np.maximum(along, needed) - VEIL) / (1 - 2 * VEIL), 0, 1)[..., None]
    colour = np.clip(ground + seen / np.maximum(alpha, 1e-3), 0, 255) * (alpha > 0)
    return np.asarray(np.concatenate([colour, alpha * 255], axis=2) + 0.5).astype(np.uint8)
