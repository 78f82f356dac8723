"""Pictures of what a step has so far: small enough to travel in an event."""

import base64
import io

import structlog
from PIL import Image

log = structlog.get_logger()

# Some 30 kB: an event stays an event.
LONGEST_SIDE = 512
QUALITY = 70


def shrink_preview(data: bytes) -> str | None:
    """The picture as a small `data:` address; None for what cannot be decoded, which is no reason to stop a run."""
    try:
        with Image.open(io.BytesIO(data), formats=["PNG", "JPEG", "WEBP"]) as image:
            image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            small = io.BytesIO()
            image.convert("RGBA" if image.has_transparency_data else "RGB").save(small, "WEBP", quality=QUALITY)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        log.warning("preview_unreadable", error=str(error))
        return None
    return f"data:image/webp;base64,{base64.b64encode(small.getvalue()).decode()}"
