"""Brings any Pillow image to upright 8-bit RGB plus the transparency it arrived with."""

import numpy as np
from PIL import ExifTags, Image, ImageOps

_WIDE_MODES = {"I", "I;16", "I;16B", "I;16L", "I;16N"}


def split_photo(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Return the upright RGB photo and its own alpha (mode L, 0..255), or None if it was opaque."""
    # exif_transpose always copies, and a copy of a 40-megapixel photo is 160 MB.
    turned = image.getexif().get(ExifTags.Base.Orientation, 1) != 1
    upright = ImageOps.exif_transpose(image) if turned else image
    if upright.mode in _WIDE_MODES:
        upright = _narrow(upright)
    if not upright.has_transparency_data:
        return (upright if upright.mode == "RGB" else upright.convert("RGB")), None
    straight = upright.convert("RGBA")
    return straight.convert("RGB"), straight.getchannel("A")


def _narrow(image: Image.Image) -> Image.Image:
    # Pillow clips 16-bit greys at 255 on convert, which turns a normal scan white.
    samples = np.asarray(image).astype(np.float32)
    return Image.fromarray(np.clip(samples / 257 + 0.5, 0, 255).astype(np.uint8))
