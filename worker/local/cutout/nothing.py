"""Tells pictures that show no subject, whatever a network sees in them: blends, patterns, frames and pages of text."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage, signal
from scipy.spatial import ConvexHull

from worker.local.cutout.lettering import is_page_of_text

Pixels = NDArray[np.float32]
Mask = NDArray[np.bool_]

# In a picture that is smaller there is too little to tell by.
SMALLEST_SIDE = 24
# Colours blend where each is, but for so little, the mean of those around it; a gradient's centre may stand out, a few
# pixels wide. Grain is gone at this size.
BLENDING_SIDE = 96
AROUND = 2
BLENDED = 10
SMALLEST_OUTLINE = 1e-3
# A pattern, moved by such a share of the picture, covers itself but for a pixel and so little, and more where colours
# are far apart, which JPEG spoils. A dozen pixels that it does not cover may be a subject far away.
PATTERN_SIDE = 256
SAME = 12
SAME_SHARE = 0.12
SMALLEST_STRANGER = 3e-4
NEAREST_MOVE = 0.125
FARTHEST_MOVE = 0.4
# Frames and pages have ground that is plain along the rim. A frame is all that is so far from it.
FRAME_SIDE = 512
GROUND = 12
PLAIN = 0.98
DRAWN = 16
DRAWN_SHARE = 0.35
# What its outline holds fills a rectangle, round corners aside, and is mostly empty: a ring or a star is a thing.
RECTANGLE = 0.93
EMPTY = 0.5
# A motto may be lifted from its ground, a page may not.
LETTERS_OF_PAGE = 200


def shows_nothing(photo: Image.Image) -> bool:
    """Whether an RGB photo is but colours that blend, a pattern from rim to rim, a bare frame, or a page of text."""
    if min(photo.size) < SMALLEST_SIDE:
        return False
    return is_blend(photo) or is_pattern(photo) or is_bare_frame(photo) or is_page(photo)


def is_blend(photo: Image.Image) -> bool:
    """Whether nothing in the picture has an outline, as in a gradient from any centre."""
    colours = _shrink(photo, BLENDING_SIDE)
    rest = np.abs(colours - ndimage.gaussian_filter(colours, (AROUND, AROUND, 0))).max(axis=2)
    # At the rim there is nothing on one side to blend with.
    inner = rest[2 * AROUND : -2 * AROUND, 2 * AROUND : -2 * AROUND]
    return bool((inner > BLENDED).mean() < SMALLEST_OUTLINE)


def is_pattern(photo: Image.Image) -> bool:
    """Whether the picture, moved down to the left and to the right, covers itself: stripes, checks, dots."""
    colours = _shrink(photo, PATTERN_SIDE)
    # Either way leaves two corners uncovered, which may hold a subject: the other way covers those.
    return all(_differing(colours, move) < SMALLEST_STRANGER for move in _best_moves(colours.mean(axis=2)))


def is_bare_frame(photo: Image.Image) -> bool:
    """Whether all there is on plain ground is the outline of a rectangle, at any angle, with nothing in it."""
    colours = _shrink(photo, FRAME_SIDE)
    ground = _plain_ground(colours)
    if ground is None:
        return False
    distance = np.abs(colours - ground).max(axis=2)
    ink = distance > max(DRAWN, DRAWN_SHARE * float(distance.max()))
    filled = ndimage.binary_fill_holes(ink)
    holes = ndimage.label(filled & ~ink)[1]
    if ndimage.label(ink, np.ones((3, 3)))[1] != 1 or holes != 1 or ink.sum() > (1 - EMPTY) * filled.sum():
        return False
    return bool(filled.sum() >= RECTANGLE * _rectangle_around(filled))


def is_page(photo: Image.Image) -> bool:
    """Whether the picture is of many letters on plain ground; small bright things in a photo look like letters, too."""
    return _plain_ground(_shrink(photo, FRAME_SIDE)) is not None and is_page_of_text(photo, LETTERS_OF_PAGE)


def _plain_ground(colours: Pixels) -> Pixels | None:
    """Return the one colour that is all along the rim; None if there are several."""
    rim = np.concatenate([colours[0], colours[-1], colours[:, 0], colours[:, -1]])
    ground = np.median(rim, axis=0)
    return ground if (np.abs(rim - ground).max(axis=1) <= GROUND).mean() >= PLAIN else None


def _best_moves(tones: Pixels) -> list[tuple[int, int]]:
    """Return the ways (down, across), one to the left and one to the right, to be moved and look most alike."""
    height, width = tones.shape
    centred = tones - tones.mean()
    ones = np.ones_like(centred)
    # For each way: how much of the picture lies on its moved copy, and how far apart both are there.
    covered = signal.fftconvolve(ones, ones)
    squares = signal.fftconvolve(centred**2, ones)
    alike = signal.fftconvolve(centred, centred[::-1, ::-1])
    apart = (squares + squares[::-1, ::-1] - 2 * alike) / np.maximum(covered, 1)
    downs, acrosses = np.mgrid[1 - height : height, 1 - width : width]
    near = np.hypot(downs, acrosses) < NEAREST_MOVE * max(height, width)
    far = (downs < 0) | (downs > FARTHEST_MOVE * height) | (np.abs(acrosses) > FARTHEST_MOVE * width)
    apart[near | far] = np.inf
    best = [np.argmin(np.where(side, apart, np.inf)) for side in (acrosses <= 0, acrosses >= 0)]
    return [(int(downs.flat[index]), int(acrosses.flat[index])) for index in best]


def _differing(colours: Pixels, move: tuple[int, int]) -> float:
    """Return the share of pixels that are like none of those around the place to which they are moved."""
    down, across = move
    height, width = colours.shape[:2]
    here = colours[: height - down, max(0, -across) : width - max(0, across)]
    there = colours[down:, max(0, across) : width + min(0, across)]
    low = ndimage.minimum_filter(there, (3, 3, 1))
    high = ndimage.maximum_filter(there, (3, 3, 1))
    # Not of the very extremes: a small subject must not hide itself by its own contrast.
    darkest, lightest = np.quantile(colours, (0.1, 0.9), axis=(0, 1))
    same = SAME + SAME_SHARE * float((lightest - darkest).max())
    return float(((here < low - same) | (here > high + same)).any(axis=2).mean())


def _rectangle_around(mask: Mask) -> float:
    """Return the area of the smallest rectangle, at any angle, that holds all of the mask."""
    rows, columns = np.nonzero(mask)
    corners = np.concatenate([np.stack([columns + x, rows + y], axis=1) for x in (0, 1) for y in (0, 1)])
    hull = corners[ConvexHull(corners).vertices]
    # One of its sides lies along a side of the hull.
    sides = np.roll(hull, -1, axis=0) - hull
    angles = np.arctan2(sides[:, 1], sides[:, 0])
    axes = np.array([[np.cos(angles), np.sin(angles)], [-np.sin(angles), np.cos(angles)]])
    extents = np.ptp(np.einsum("axn,px->anp", axes, hull), axis=2)
    return float(extents.prod(axis=0).min())


def _shrink(photo: Image.Image, side: int) -> Pixels:
    scale = min(1.0, side / max(photo.size))
    size = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
    return np.asarray(photo.resize(size, Image.Resampling.BOX, reducing_gap=3.0), np.float32)
