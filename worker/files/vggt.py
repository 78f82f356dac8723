"""Reads what VGGT says of one picture: a point in space for each of its pixels, and how sure it is of it."""

import base64
import binascii
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worker.files.clouds import BrokenCloud, Cloud, arrange

# VGGT scales a picture until its longer side fits a square, rounds the shorter one to whole patches, and pads it.
PATCH = 14
MOST_PIXELS = 4_000_000
HALF = 128
# How far the sides' proportions may be from the cut-out's: rounding, but not another picture.
SAME_SHAPE = 0.02


def cloud_from_vggt(scene: dict[str, Any], cutout: Image.Image) -> Cloud:
    """Return the arranged cloud of an RGBA cut-out's subject from VGGT's JSON for it; raise BrokenCloud if it is unfit.

    Padding and transparent pixels are left out, and colours come from the cut-out's visible pixels alone.
    """
    points = _read_array(scene, "world_points", 3)
    confidence = _read_array(scene, "world_points_conf", 2)
    height, width = confidence.shape
    if points.shape != (height, width, 3):
        raise BrokenCloud(f"{points.shape} points do not fit {confidence.shape} confidences.")
    _check_original(scene, cutout)
    left, top, across, down = _find_content(cutout.size, (width, height))
    # Pillow weighs colours by their alpha here: what is transparent lends no colour.
    colours = np.asarray(cutout.resize((across, down), Image.Resampling.BOX))
    window = np.s_[top : top + down, left : left + across]
    visible = colours[..., 3] >= HALF
    return arrange(Cloud(points[window][visible], colours[visible][:, :3], confidence[window][visible]))


def _check_original(scene: dict[str, Any], cutout: Image.Image) -> None:
    original = scene.get("original_image")
    if original is None:
        return
    try:
        proportion = float(original["width"]) / float(original["height"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise BrokenCloud("The size of the original picture cannot be read.") from error
    if not abs(proportion / (cutout.width / cutout.height) - 1) < SAME_SHAPE:
        raise BrokenCloud("The points belong to another picture.")


def _find_content(picture: tuple[int, int], raster: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return where (left, top, width, height) a picture of a size lies on VGGT's raster; only squares are padded."""
    width, height = raster
    if width != height:
        return 0, 0, width, height
    step = PATCH if width % PATCH == 0 else 1
    scale = width / max(picture)
    across, down = (min(width, max(step, round(side * scale / step) * step)) for side in picture)
    return (width - across) // 2, (height - down) // 2, across, down


def _read_array(scene: dict[str, Any], key: str, dimensions: int) -> NDArray[np.float32]:
    """Return one of the scene's arrays, nested lists or packed in base64, without leading dimensions of 1."""
    value = scene.get(key)
    array = _unpack(value) if isinstance(value, dict) else _collect(value)
    while array.ndim > dimensions and array.shape[0] == 1:
        array = array[0]
    if array.ndim != dimensions or not array.size:
        raise BrokenCloud(f"{key} has the shape {array.shape}.")
    if array.shape[0] * array.shape[1] > MOST_PIXELS:
        raise BrokenCloud(f"{key} is too large: {array.shape}.")
    return array


def _unpack(value: dict[str, Any]) -> NDArray[np.float32]:
    shape = value.get("shape")
    text = value.get("data")
    if value.get("dtype") != "float32" or not isinstance(text, str) or not isinstance(shape, list):
        raise BrokenCloud("An array is not packed as float32.")
    if not all(isinstance(side, int) and not isinstance(side, bool) and side > 0 for side in shape):
        raise BrokenCloud(f"An array has the shape {shape}.")
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BrokenCloud("An array is not base64.") from error
    if len(raw) != 4 * math.prod(shape):
        raise BrokenCloud(f"An array of the shape {shape} has {len(raw)} bytes.")
    return np.frombuffer(raw, "<f4").reshape(shape).astype(np.float32)


def _collect(value: object) -> NDArray[np.float32]:
    try:
        with np.errstate(over="ignore"):
            return np.asarray(value, np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise BrokenCloud("An array is not made of numbers.") from error
