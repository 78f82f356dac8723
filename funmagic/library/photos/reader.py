"""Which photo lies in a file: told by its bytes, and opened without its pixels being read."""

import io
import struct
import zlib
from collections.abc import Callable

from PIL import GifImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from funmagic.library.errors import DamagedPhoto, ImageTooLarge, UnsupportedFile
from funmagic.library.photos.container import Container
from funmagic.library.photos.jpeg import read_jpeg
from funmagic.library.photos.png import SIGNATURE, read_png
from funmagic.library.photos.types import GIF, HEIC, JPEG, PNG, WEBP
from funmagic.library.photos.webp import read_webp

MEGAPIXEL_LIMIT = 40
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
LONGEST_BRANDS = 256
# Whatever Pillow and its helpers raise over bytes that make no sense; a job's time limit is none of these.
UNREADABLE = (
    *(OSError, SyntaxError, ValueError, LookupError, ArithmeticError, TypeError, AttributeError, EOFError),
    *(RuntimeError, AssertionError, struct.error, zlib.error, Image.DecompressionBombError),
)


def read_container(data: bytes) -> Container:
    """The photo in a file, whatever its name says; raises UnsupportedFile for none that we take, or DamagedPhoto."""
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
        is_too_large = image.width * image.height > MEGAPIXEL_LIMIT * 1_000_000
    except Image.DecompressionBombError:
        is_too_large = True
    except UNREADABLE as error:
        raise DamagedPhoto from error
    if is_too_large:
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
