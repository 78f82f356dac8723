"""Colours as sRGB has them, by the profile that a photo brings."""

import io
from functools import lru_cache

from PIL import Image, ImageCms

from funmagic.library.photos.profiles import srgb_profile

# A profile that moves no colour further than this is sRGB, whatever it is called.
SAME = 1
PROBE_SHADES = range(0, 256, 15)
# What a profile may describe of the pictures of a mode.
SPACES = {"RGB": ("RGB",), "RGBA": ("RGB",), "L": ("GRAY", "RGB"), "LA": ("GRAY", "RGB"), "CMYK": ("CMYK",)}
PICTURE_CLASSES = ("mntr", "scnr", "prtr", "spac")


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The image in sRGB, as RGB or RGBA; a profile that is broken, or for other colours, is as good as none."""
    is_clear = image.mode.endswith("A")
    space = _space_of(profile) if profile else ""
    if profile is None or space not in SPACES[image.mode]:
        return image if image.mode in ("RGB", "RGBA") else image.convert("RGBA" if is_clear else "RGB")
    if space == "GRAY":
        coloured = _apply(image.getchannel("L"), profile)
        if is_clear:
            coloured.putalpha(image.getchannel("A"))
        return coloured
    if image.mode != "CMYK":
        image = image.convert("RGBA" if is_clear else "RGB")
    return image if space == "RGB" and is_srgb(profile) else _apply(image, profile)


@lru_cache(maxsize=8)
def is_srgb(profile: bytes) -> bool:
    """Whether a profile moves no colour, so that leaving it away changes nothing."""
    if _space_of(profile) != "RGB":
        return False
    shades = [(red, green, blue) for red in PROBE_SHADES for green in PROBE_SHADES for blue in PROBE_SHADES]
    probe = Image.new("RGB", (len(shades), 1))
    probe.putdata(shades)
    moved = _apply(probe, profile)
    pairs = zip(probe.tobytes(), moved.tobytes(), strict=True)
    return all(abs(before - after) <= SAME for before, after in pairs)


@lru_cache(maxsize=8)
def _space_of(profile: bytes) -> str:
    """The space of the colours that it turns into sRGB; empty for what is no such profile."""
    try:
        facts = ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile
        space = facts.xcolor_space.strip()
        if facts.device_class not in PICTURE_CLASSES:
            return ""
        mode = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}[space]
        _apply(Image.new(mode, (1, 1)), profile)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, KeyError):
        return ""
    return space


def _apply(image: Image.Image, profile: bytes) -> Image.Image:
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    source, target = (ImageCms.ImageCmsProfile(io.BytesIO(data)) for data in (profile, srgb_profile()))
    moved = ImageCms.profileToProfile(image, source, target, outputMode=mode)
    return moved or image
