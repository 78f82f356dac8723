"""Which photo lies in a file: told by its bytes, and opened without its pixels being read."""

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from PIL import GifImagePlugin, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from funmagic.errors import ImageTooLarge, UnsupportedFile
from funmagic.library.errors import DamagedPhoto
from funmagic.library.photos.container import Container
from funmagic.library.photos.jpeg import read_jpeg
from funmagic.library.photos.orientation import SIDEWAYS
from funmagic.library.photos.png import SIGNATURE, read_png
from funmagic.library.photos.webp import read_webp

MEGAPIXEL_LIMIT = 40
PNG, JPEG, WEBP, GIF, HEIC = "image/png", "image/jpeg", "image/webp", "image/gif", "image/heic"
ACCEPTED = (PNG, JPEG, WEBP, GIF, HEIC)
# As browsers of other days, and people's own programs, call them.
ALIASES = {"image/jpg": JPEG, "image/pjpeg": JPEG, "image/jfif": JPEG, "image/x-png": PNG, "image/apng": PNG}
ALIASES |= {"image/heif": HEIC, "image/heic-sequence": HEIC, "image/heif-sequence": HEIC, "image/x-citrix-jpeg": JPEG}
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
LONGEST_BRANDS = 256
# Whatever Pillow and its helpers raise over bytes that make no sense; a job's time limit is none of these.
UNREADABLE = (
    *(OSError, SyntaxError, ValueError, LookupError, ArithmeticError, TypeError, AttributeError, EOFError),
    *(RuntimeError, AssertionError, struct.error, zlib.error),
)


@dataclass(frozen=True)
class ImageFacts:
    """An image's real type and its size in pixels as people see it, turned upright."""

    mime: str
    width: int
    height: int


def inspect_photo(data: bytes) -> ImageFacts:
    """Read a photo's header, and never its pixels; raises UnsupportedFile, DamagedPhoto or ImageTooLarge."""
    photo = read_container(data)
    width, height = open_container(photo).size
    if photo.orientation in SIDEWAYS:
        width, height = height, width
    return ImageFacts(photo.mime, width, height)


def read_container(data: bytes) -> Container:
    """The photo in a file, whatever its name says; raises UnsupportedFile for what is none that we take."""
    if data.startswith(b"\xff\xd8\xff"):
        return read_jpeg(data)
    if data.startswith(SIGNATURE):
        return read_png(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return read_webp(data)
    if data.startswith((b"GIF87a", b"GIF89a")):
        return Container(GIF, data, data)
    if data[4:8] == b"ftyp" and _brands(data) & HEIC_BRANDS:
        profile = open_container(Container(HEIC, data, data)).info.get("icc_profile")
        # Its decoder turns it upright, by the container's own word.
        return Container(HEIC, data, data, profile=profile)
    raise UnsupportedFile


def open_container(photo: Container, data: bytes | None = None) -> ImageFile.ImageFile:
    """The photo, or other bytes of its type, opened but not decoded; raises DamagedPhoto or ImageTooLarge."""
    try:
        # By the type that we know: Pillow's own guesses read more than the pixels.
        image = _opener(photo.mime)(io.BytesIO(photo.data if data is None else data))
    except UNREADABLE as error:
        raise DamagedPhoto from error
    if image.width * image.height > MEGAPIXEL_LIMIT * 1_000_000:
        raise ImageTooLarge(limit_megapixels=MEGAPIXEL_LIMIT)
    return image


def _brands(data: bytes) -> set[bytes]:
    box = data[8 : min(int.from_bytes(data[:4], "big"), LONGEST_BRANDS)]
    return {box[place : place + 4] for place in range(0, len(box), 4)}


def _opener(mime: str) -> Callable[[io.BytesIO], ImageFile.ImageFile]:
    if mime == HEIC:
        # It is large, and rarely needed.
        from pillow_heif import HeifImageFile  # noqa: PLC0415

        return HeifImageFile
    return {
        PNG: PngImagePlugin.PngImageFile,
        JPEG: JpegImagePlugin.JpegImageFile,
        WEBP: WebPImagePlugin.WebPImageFile,
        GIF: GifImagePlugin.GifImageFile,
    }[mime]
