"""Tells a page of text from a picture: it shows no subject, however sure a network is of seeing one."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

LOOKING_SIDE = 1024
# Paper is what lies around: the median over so many of its pixels, taken at half the size.
WINDOW = 17
# Ink is so much darker or lighter than the paper next to it, and on the whole much more so; paper is clean and even.
INK = 0.15
CONTRAST = 0.25
CLEAN = 0.06
CLEAN_SHARE = 0.85
EVEN = 0.24
EVEN_SHARE = 0.9
# A letter, or a line of letters that touch, lies in a box of this share of the picture.
SMALLEST_LETTER = 1e-5
LARGEST_LETTER = 1e-2
FEWEST_LETTERS = 40
IN_LETTERS = 0.6

Pixels = NDArray[np.float32]


def is_page_of_text(photo: Image.Image, fewest_letters: int = FEWEST_LETTERS) -> bool:
    """Whether an RGB photo shows hardly anything but lines of so many letters, or more, on even paper."""
    scale = min(1.0, LOOKING_SIDE / max(photo.size))
    size = max(2, round(photo.width * scale)), max(2, round(photo.height * scale))
    page = photo.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    paper = page.resize((size[0] // 2, size[1] // 2), Image.Resampling.BOX).filter(ImageFilter.MedianFilter(WINDOW))
    tones = np.asarray(paper, np.float32) / 255
    if (np.abs(tones - np.median(tones, axis=(0, 1))).max(axis=2) > EVEN).mean() > 1 - EVEN_SHARE:
        return False
    behind = np.asarray(paper.convert("L").resize(size, Image.Resampling.BILINEAR), np.float32) / 255
    contrast = np.abs(np.asarray(page.convert("L"), np.float32) / 255 - behind)
    ink = contrast > INK
    if not ink.any() or contrast[ink].mean() < CONTRAST or (contrast[~ink] < CLEAN).mean() < CLEAN_SHARE:
        return False
    return _is_lettering(ink, fewest_letters)


def _is_lettering(ink: NDArray[np.bool_], fewest_letters: int) -> bool:
    marks, _ = ndimage.label(ink, np.ones((3, 3)))
    boxes = ndimage.find_objects(marks)
    sizes = np.array([(rows.stop - rows.start) * (columns.stop - columns.start) for rows, columns in boxes]) / ink.size
    letters = (sizes > SMALLEST_LETTER) & (sizes < LARGEST_LETTER)
    amounts = np.bincount(marks.ravel())[1:]
    return bool(letters.sum() >= fewest_letters and amounts[letters].sum() >= IN_LETTERS * amounts.sum())
