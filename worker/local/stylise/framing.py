"""Places a cut-out subject on a square canvas as a figure: one piece, rounded where the photo's border cut it off."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from worker.local.relief.silhouette import NoSubject, find_subject

Pixels = NDArray[np.float32]

CANVAS = 1024
FLOOR = 906
TOP_MARGIN = 84
LARGEST_WIDTH = 800
# Parts smaller than this share of the largest one are leftovers of the cut-out.
SMALLEST_PART = 0.12
VISIBLE = 0.5
OPAQUE = 255
# A figure has a firm outline: fainter alphas go, stronger ones are whole.
VEIL = 0.3
SOLID = 0.85
# Where the photo's border cut the subject off, in shares of the subject's width: the corners' radius, and how far
# the middle of the edge stands out before its ends, as a bust's does.
ROUNDING = 0.14
BOW = 0.09
SPREADING_SIDE = 256
SPREADING_BLUR = 4


@dataclass(frozen=True)
class Framed:
    """The canvas: colours (H, W, 3) that go on around the subject, its alpha (H, W), both 0..1, and its bounds."""

    colours: Image.Image
    alpha: Pixels
    box: tuple[int, int, int, int]


def frame_subject(photo: Image.Image) -> Framed:
    """Return the RGBA photo's subject standing on the canvas; raises NoSubject for none, or one too small to paint."""
    find_subject(photo)
    alpha = np.asarray(photo.getchannel("A"), np.float32) / np.float32(255)
    kept = _largest_parts(alpha)
    rows, columns = np.nonzero(kept > VISIBLE)
    if not len(rows):
        raise NoSubject("Nothing of the picture is opaque.")
    crop = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    cut_off = crop[0] == 0, crop[1] == 0, crop[2] == photo.width, crop[3] == photo.height
    scale = min(LARGEST_WIDTH / (crop[2] - crop[0]), (FLOOR - TOP_MARGIN) / (crop[3] - crop[1]))
    size = max(1, round((crop[2] - crop[0]) * scale)), max(1, round((crop[3] - crop[1]) * scale))
    left = (CANVAS - size[0]) // 2
    top = FLOOR - size[1]
    box = left, top, left + size[0], top + size[1]
    figure = photo.copy()
    figure.putalpha(Image.fromarray((kept * 255 + 0.5).astype(np.uint8)))
    figure = figure.crop(crop).resize(size, Image.Resampling.BICUBIC)
    firm = (np.asarray(figure.getchannel("A"), np.float32) / 255 - VEIL) / (SOLID - VEIL)
    canvas_alpha = np.zeros((CANVAS, CANVAS), np.float32)
    canvas_alpha[box[1] : box[3], box[0] : box[2]] = np.clip(firm, 0, 1) * _round_off(size, cut_off)
    colours = Image.new("RGB", (CANVAS, CANVAS))
    colours.paste(figure.convert("RGB"), box)
    return Framed(_spread(colours, canvas_alpha), canvas_alpha, box)


def _largest_parts(alpha: Pixels) -> Pixels:
    parts, count = ndimage.label(alpha > VISIBLE)
    if not count:
        return alpha
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    small = np.isin(parts, np.flatnonzero(sizes < SMALLEST_PART * sizes.max())) & (parts > 0)
    return np.where(ndimage.binary_dilation(small, iterations=3), np.float32(0), alpha)


def _round_off(size: tuple[int, int], cut_off: tuple[bool, bool, bool, bool]) -> Pixels:
    """Return a mask (H, W) in 0..1 that bends the sides (left, top, right, bottom) that are cut off."""
    width, height = size
    radius = ROUNDING * width
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    bow = BOW * width * (2 * xs / width - 1) ** 2
    above = (radius + bow - ys) * cut_off[1]
    below = (ys + bow - height + radius) * cut_off[3]
    down = np.maximum(above, below).clip(0) / radius
    left = radius - xs
    right = xs - width + radius
    # Where the top or the bottom is cut, its corners go, whether or not the side next to it is whole.
    across = np.where(down > 0, np.maximum(left, right), np.maximum(left * cut_off[0], right * cut_off[2]))
    outside = np.hypot(across.clip(0) / radius, down)
    return np.asarray(np.clip((1 - outside) * radius / 2, 0, 1), np.float32)


def _spread(colours: Image.Image, alpha: Pixels) -> Image.Image:
    """Carry the subject's outermost colours on into its surroundings, so that its outline draws no halo."""
    outline = Image.fromarray((alpha * 255 + 0.5).astype(np.uint8))
    small = (SPREADING_SIDE, SPREADING_SIDE)
    inside = np.asarray(outline.resize(small, Image.Resampling.BOX)) == OPAQUE
    if not inside.any():
        return colours
    nearest = ndimage.distance_transform_edt(~inside, return_distances=False, return_indices=True)
    flooded = np.asarray(colours.resize(small, Image.Resampling.BOX), np.float32)[tuple(nearest)]
    softened = ndimage.gaussian_filter(flooded, (SPREADING_BLUR, SPREADING_BLUR, 0))
    spread = Image.fromarray(softened.astype(np.uint8)).resize(colours.size, Image.Resampling.BICUBIC)
    spread.paste(colours, mask=outline)
    return spread
