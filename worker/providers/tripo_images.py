"""Makes an image one that Tripo takes."""

import io

from PIL import Image, ImageOps

from funmagic.errors import FunMagicError
from funmagic.library.images import MIME_BY_FORMAT, inspect_image
from worker.providers.base import InputFile, InvalidWork

EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
LARGEST_UPLOAD = 20_000_000
# Of so many pixels, even noise stays below the limit.
LONGEST_SIDE = 2048
QUALITY = 90


def fit_image(image: InputFile) -> InputFile:
    """The image itself where Tripo takes it, else the same picture as WebP; raises InvalidWork when it is broken."""
    try:
        mime = inspect_image(image.data).mime
    except FunMagicError as error:
        raise InvalidWork(f"the image cannot be read: {error}") from None
    if mime in EXTENSIONS and len(image.data) <= LARGEST_UPLOAD:
        return InputFile(image.data, mime, f"image.{EXTENSIONS[mime]}", image.asset_id)
    return InputFile(_encode(image.data), "image/webp", "image.webp", image.asset_id)


def _encode(data: bytes) -> bytes:
    encoded = io.BytesIO()
    try:
        original = Image.open(io.BytesIO(data), formats=list(MIME_BY_FORMAT))
        picture = ImageOps.exif_transpose(original)
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        picture.save(encoded, "WEBP", quality=QUALITY)
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise InvalidWork(f"the image cannot be decoded: {error}") from None
    return encoded.getvalue()
