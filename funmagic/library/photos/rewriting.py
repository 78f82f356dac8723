"""Rewrites photos so that every program shows them alike: upright, sRGB, eight bits, still, of a common type."""

import io

from PIL import Image

from funmagic.library.photos.colours import is_srgb
from funmagic.library.photos.container import Container
from funmagic.library.photos.decoder import decode_container
from funmagic.library.photos.jpeg import END
from funmagic.library.photos.orientation import UPRIGHT
from funmagic.library.photos.png import is_sealed
from funmagic.library.photos.reader import UNREADABLE, open_container, read_container
from funmagic.library.photos.types import GIF, HEIC, JPEG, PNG, WEBP

BITS_OF_PNG = 24
BYTE = 8
QUALITY = 95
# A WebP's sides are no longer than this.
LONGEST_OF_WEBP = 16_383
SHOWN_SIDE = 2048


def make_plain(data: bytes) -> tuple[bytes, str]:
    """The photo's bytes and type: its own pixels where all programs show them alike, else rewritten in full size.

    Metadata is dropped either way. Raises UnsupportedFile, DamagedPhoto or ImageTooLarge.
    """
    photo = read_container(data)
    return (photo.data, photo.mime) if _needs_nothing(photo) else write_picture(decode_container(photo))


def write_picture(picture: Image.Image) -> tuple[bytes, str]:
    """A decoded picture as a JPEG, or as a WebP where it is transparent; and which one."""
    is_clear = picture.mode == "RGBA"
    encoded = io.BytesIO()
    if is_clear and max(picture.size) > LONGEST_OF_WEBP:
        picture.save(encoded, "PNG", compress_level=1)
        return encoded.getvalue(), PNG
    picture.save(encoded, "WEBP" if is_clear else "JPEG", quality=QUALITY, subsampling=0)
    return encoded.getvalue(), WEBP if is_clear else JPEG


def draw_for_browsers(data: bytes) -> bytes | None:
    """A WebP preview of a photo that some browser would draw differently or not at all; else None."""
    photo = read_container(data)
    if not _is_drawn_otherwise(photo):
        return None
    picture = decode_container(photo)
    picture.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
    encoded = io.BytesIO()
    picture.save(encoded, "WEBP", quality=QUALITY)
    return encoded.getvalue()


def _needs_nothing(photo: Container) -> bool:
    if photo.mime in (GIF, HEIC) or photo.orientation != UPRIGHT or _moves(photo):
        return False
    if photo.mime == PNG and (photo.data[BITS_OF_PNG] > BYTE or not is_sealed(photo.data)):
        return False
    if photo.mime == JPEG and not photo.data.endswith(END):
        return False
    return open_container(photo).mode != "CMYK" and (photo.profile is None or is_srgb(photo.profile))


def _is_drawn_otherwise(photo: Container) -> bool:
    """Whether some browser shows none of it, less, another frame, or another side up."""
    is_cut_short = photo.mime == JPEG and not photo.data.endswith(END)
    return photo.mime == HEIC or photo.foreign_turn != UPRIGHT or is_cut_short or _moves(photo)


def _moves(photo: Container) -> bool:
    try:
        return bool(getattr(open_container(photo, photo.frames), "is_animated", False))
    except UNREADABLE:
        return True
