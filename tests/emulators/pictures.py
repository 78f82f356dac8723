"""What the emulated image models paint: the first picture they were given, posterised, at the size asked for."""

import base64
import hashlib
import io
from functools import lru_cache

from PIL import Image, ImageOps

BITS = 2


@lru_cache(maxsize=64)
def paint(photo: bytes, size: tuple[int, int], kind: str = "PNG", *, detail: float = 1) -> bytes:
    """The photo in few colours, cropped to the size; the less detail, the blurrier, as previews are."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(photo))).convert("RGB")
    small = max(round(size[0] * detail), 1), max(round(size[1] * detail), 1)
    image = ImageOps.posterize(ImageOps.fit(image, small), BITS).resize(size)
    encoded = io.BytesIO()
    image.save(encoded, kind, **({"compress_level": 1} if kind == "PNG" else {}))
    return encoded.getvalue()


def in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def digest(*parts: bytes | str) -> str:
    """What tells two requests apart."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part.encode() if isinstance(part, str) else part).digest())
    return whole.hexdigest()
