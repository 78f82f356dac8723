"""Looking at an uploaded image without decoding it: its real type, its size, and whether we can work on it."""

import io
import warnings
from dataclasses import dataclass

from PIL import ExifTags, Image, UnidentifiedImageError

from funmagic.errors import ImageTooLarge, UnsupportedFile

MEGAPIXEL_LIMIT = 40
FRAME_LIMIT = 300
MIME_BY_FORMAT = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
# The EXIF orientations that swap width and height.
SIDEWAYS = (5, 6, 7, 8)
GIF_IMAGE, GIF_TRAILER = 0x2C, 0x3B


@dataclass(frozen=True)
class ImageFacts:
    """An image's real type and its size in pixels as people see it, EXIF orientation applied."""

    mime: str
    width: int
    height: int


def inspect_image(data: bytes) -> ImageFacts:
    """Read an image's header; raises UnsupportedFile or ImageTooLarge, and never decodes the pixels."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=list(MIME_BY_FORMAT))
            facts = _facts(image)
            _check_frames(image, data)
    except Image.DecompressionBombError:
        raise _too_large() from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, IndexError):
        raise UnsupportedFile from None
    return facts


def _facts(image: Image.Image) -> ImageFacts:
    width, height = image.size
    if width * height > MEGAPIXEL_LIMIT * 1_000_000:
        raise _too_large()
    # The PNG class's own getexif would decode the pixels first.
    if Image.Image.getexif(image).get(ExifTags.Base.Orientation) in SIDEWAYS:
        width, height = height, width
    # A JPEG with a second picture in it, as cameras and phones write them, calls itself MPO.
    return ImageFacts(MIME_BY_FORMAT.get(str(image.format), "image/jpeg"), width, height)


def _check_frames(image: Image.Image, data: bytes) -> None:
    # Pillow's own count of a GIF walks the whole file; ours stops at the cap.
    frames = _count_gif_frames(data) if image.format == "GIF" else getattr(image, "n_frames", 1)
    if frames > FRAME_LIMIT:
        raise _too_large()


def _count_gif_frames(data: bytes) -> int:
    """Count image blocks up to one over the cap, by the block structure of GIF89a; IndexError when cut short."""
    position = 13 + _colour_table_size(data[10])
    frames = 0
    while data[position] != GIF_TRAILER and frames <= FRAME_LIMIT:
        if data[position] == GIF_IMAGE:
            frames += 1
            position += 11 + _colour_table_size(data[position + 9])
        else:
            position += 2
        while data[position]:
            position += data[position] + 1
        position += 1
    return frames


def _colour_table_size(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _too_large() -> ImageTooLarge:
    return ImageTooLarge(limit_megapixels=MEGAPIXEL_LIMIT)
