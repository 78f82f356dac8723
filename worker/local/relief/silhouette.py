"""Brings a cut-out of any size to the small raster on which its figure is shaped."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

CELLS = 25_000
LONGEST_SIDE = 384
SHORTEST_SIDE = 3
# Fewer opaque pixels than this, or a narrower subject, are dust or a line, not a subject.
SMALLEST_SUBJECT = 150
NARROWEST_SUBJECT = 4
OPAQUE = 128
# Blurred by a cell, whiskers and stray hairs fall below this, and everything wider stays.
WHISKER = 0.42
# Islands smaller than this share of the largest one are leftovers of the background.
SMALLEST_ISLAND = 0.02
# A subject whose lower edge was cut off by the photo over this share of its width stands on that edge, as a bust does.
STANDING_SHARE = 0.25


class NoSubject(ValueError):
    """The cut-out is empty, or its subject is too small to be shaped."""


@dataclass(frozen=True)
class Silhouette:
    """The subject on a raster (H, W) of cells, an empty one all around, and where the cells lie in the photo.

    Cell (row, column) covers the photo's pixels from `origin` + (column, row) * `pixels`, x before y.
    """

    mask: NDArray[np.bool_]
    luminance: NDArray[np.float32]
    stands: bool
    origin: tuple[float, float]
    pixels: tuple[float, float]

    def locate(self, cells: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return which of the photo's pixels (N, 2) places on the raster (N, 2 or more) are at."""
        return np.asarray(cells[:, :2] * np.array(self.pixels, np.float32) + np.array(self.origin, np.float32))


def trace(cutout: Image.Image) -> Silhouette:
    """Return the silhouette of an RGBA cut-out's opaque part in about CELLS cells; raise NoSubject if there is none."""
    box = find_subject(cutout)
    left, top, right, bottom = box
    width = right - left
    height = bottom - top
    small, size = _shrink(cutout, box)
    alpha = np.asarray(small.getchannel("A"), np.float32) / np.float32(255)
    mask = _mend(ndimage.gaussian_filter(alpha, 1.0, mode="nearest") >= WHISKER)
    if not mask.any():
        raise NoSubject("The subject is too thin to be shaped.")
    stands = bottom == cutout.height and bool(mask[-1].sum() > STANDING_SHARE * mask.any(axis=0).sum())
    luminance = np.asarray(small.convert("L"), np.float32) / np.float32(255)
    step = (width / size[0], height / size[1])
    return Silhouette(
        mask=np.pad(mask, 1),
        luminance=np.pad(luminance, 1, mode="edge"),
        stands=stands,
        origin=(left - step[0], top - step[1]),
        pixels=step,
    )


def find_subject(cutout: Image.Image) -> tuple[int, int, int, int]:
    """Return the box (left, top, right, bottom) of an RGBA image's opaque pixels; raise NoSubject if there are few."""
    opaque = cutout.getchannel("A").point(lambda value: 255 if value >= OPAQUE else 0)
    box = opaque.getbbox()
    if box is None:
        raise NoSubject("Nothing of the picture is opaque.")
    count = opaque.histogram()[255]
    if count < SMALLEST_SUBJECT or min(box[2] - box[0], box[3] - box[1]) < NARROWEST_SUBJECT:
        raise NoSubject(f"Only {count} pixels of the picture are opaque.")
    return box


def join_corners(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask without cells that touch only at their corners."""
    while (corners := _touching_corners(mask)).any():
        mask = mask | corners
    return mask


def _shrink(cutout: Image.Image, box: tuple[int, int, int, int]) -> tuple[Image.Image, tuple[int, int]]:
    """Return the boxed part, and its size, at the scale that gives its subject about CELLS cells."""
    width = box[2] - box[0]
    height = box[3] - box[1]
    share = float(np.asarray(cutout.getchannel("A").resize((64, 64), Image.Resampling.BOX, box)).mean()) / 255
    scale = min((CELLS / max(share * width * height, 1.0)) ** 0.5, LONGEST_SIDE / max(width, height))
    size = (max(SHORTEST_SIDE, round(width * scale)), max(SHORTEST_SIDE, round(height * scale)))
    return cutout.resize(size, Image.Resampling.BICUBIC, box, reducing_gap=3.0), size


def _mend(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask without specks, with hair-thin parts and touching corners thickened so that they have a body."""
    regions, count = ndimage.label(mask, np.ones((3, 3)))
    sizes = np.bincount(regions.ravel(), minlength=count + 1)
    sizes[0] = 0
    mask = (sizes >= SMALLEST_ISLAND * sizes.max())[regions] & mask
    square = np.ones((3, 3), np.bool_)
    mask = mask | ndimage.binary_dilation(mask & ~ndimage.binary_opening(mask, square), square)
    return join_corners(mask)


def _touching_corners(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the cells that join two cells which touch only diagonally: there a surface would meet itself."""
    a = mask[:-1, :-1]
    b = mask[:-1, 1:]
    c = mask[1:, :-1]
    d = mask[1:, 1:]
    joints = np.zeros_like(mask)
    joints[:-1, 1:] |= a & d & ~b & ~c
    joints[:-1, :-1] |= b & c & ~a & ~d
    return joints
