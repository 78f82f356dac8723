"""Small pictures: of what a step has so far, to travel in an event, and of what it made, for lists."""

import base64
import io

import structlog
from PIL import Image

from funmagic.core.errors import FunMagicError
from funmagic.library.photos.decoder import decode_photo

log = structlog.get_logger()

# Some 30 kB: an event stays an event.
LONGEST_SIDE = 512
QUALITY = 70


def shrink_picture(image: Image.Image) -> bytes:
    """A picture as a small WebP, its transparency kept."""
    small = image.copy()
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE), reducing_gap=2.0)
    encoded = io.BytesIO()
    small.convert("RGBA" if small.has_transparency_data else "RGB").save(encoded, "WEBP", quality=QUALITY)
    return encoded.getvalue()


def shrink_preview(data: bytes) -> str | None:
    """The picture as a small `data:` address; None for what cannot be decoded, which is no reason to stop a run."""
    try:
        small = shrink_picture(decode_photo(data, near=LONGEST_SIDE))
    except FunMagicError as error:
        log.warning("preview_unreadable", error=str(error))
        return None
    return f"data:image/webp;base64,{base64.b64encode(small).decode()}"
