"""Pictures as providers take them: of a type they know, and no larger than they may be."""

import io

from PIL import Image, ImageOps

from funmagic.errors import FunMagicError
from funmagic.library.images import MIME_BY_FORMAT, inspect_image
from worker.providers.base import DamagedFile, InputFile

EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
# What is written anew is made this large at most: the models look at no more.
LONGEST_SIDE = 2048
QUALITY = 92


def fit_picture(file: InputFile, name: str, *, max_bytes: int) -> InputFile:
    """The picture under a plain name: as it is if one PNG, JPEG or WebP image within the limit, else upright anew.

    Raises DamagedFile for what cannot be decoded.
    """
    try:
        mime = inspect_image(file.data).mime
        image = Image.open(io.BytesIO(file.data), formats=list(MIME_BY_FORMAT))
        moves = getattr(image, "is_animated", False)
        if mime in EXTENSIONS and not moves and len(file.data) <= max_bytes:
            return InputFile(file.data, mime, f"{name}.{EXTENSIONS[mime]}", file.asset_id)
        data, mime = _write_anew(image)
    except (FunMagicError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise DamagedFile(f"cannot decode the picture: {error}") from None
    return InputFile(data, mime, f"{name}.{EXTENSIONS[mime]}", file.asset_id)


def _write_anew(image: Image.Image) -> tuple[bytes, str]:
    upright = ImageOps.exif_transpose(image)
    is_transparent = upright.has_transparency_data
    upright = upright.convert("RGBA" if is_transparent else "RGB")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    encoded = io.BytesIO()
    # A JPEG knows no transparency, and a large PNG would be larger than what we started with.
    upright.save(encoded, "WEBP" if is_transparent else "JPEG", quality=QUALITY)
    return encoded.getvalue(), "image/webp" if is_transparent else "image/jpeg"
