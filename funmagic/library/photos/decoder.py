"""The one place where photos are decoded: for tools, avatars, previews and providers alike, as Chromium draws them."""

import threading
import zlib

from PIL import Image

from funmagic.library.errors import DamagedPhoto
from funmagic.library.photos.colours import to_srgb
from funmagic.library.photos.container import Container
from funmagic.library.photos.jpeg import END, FILLER
from funmagic.library.photos.orientation import turn_upright
from funmagic.library.photos.png import without_seal
from funmagic.library.photos.reader import UNREADABLE, open_container, read_container
from funmagic.library.photos.types import JPEG, PNG

# So many are looked through for a frame that shows anything.
PIXELS_LOOKED_THROUGH = 400_000_000
DRAFT_SIDE = 64

# Forty megapixels take 160 MB while they are decoded.
_decoders = threading.BoundedSemaphore(2)


def decode_photo(data: bytes, *, near: int | None = None) -> Image.Image:
    """A photo upright, in sRGB, as RGB or RGBA, and with nothing else to it; of an animation, what is seen first.

    With `near` it may come smaller where that is faster, but not below so many pixels a side. Raises UnsupportedFile,
    DamagedPhoto or ImageTooLarge.
    """
    return decode_container(read_container(data), near=near)


def decode_container(photo: Container, *, near: int | None = None) -> Image.Image:
    """The same of a photo that was taken out of its file already."""
    with _decoders:
        image = _load(photo, near)
        try:
            upright = turn_upright(to_srgb(_simplify(image), photo.profile), photo.orientation)
        except UNREADABLE as error:
            raise DamagedPhoto from error
    # Pillow would write it into whatever is made of the picture.
    upright.info = {}
    return upright


def check_photo(data: bytes) -> None:
    """Learn whether a photo can be decoded; raises UnsupportedFile, DamagedPhoto or ImageTooLarge."""
    photo = read_container(data)
    with _decoders:
        _load(photo, DRAFT_SIDE)


def _load(photo: Container, near: int | None) -> Image.Image:
    try:
        return _load_seen(photo, photo.data, near)
    except UNREADABLE as error:
        if photo.mime == PNG:
            return _load_without_seal(photo)
        if photo.mime != JPEG or photo.data.endswith(END):
            raise DamagedPhoto from error
        return _load_without_end(photo, near)


def _load_seen(photo: Container, data: bytes, near: int | None) -> Image.Image:
    image = _load_bytes(photo, data, near)
    return image if _is_seen(image) else _find_seen(photo) or image


def _load_bytes(photo: Container, data: bytes, near: int | None) -> Image.Image:
    image = open_container(photo, data)
    if near is not None and photo.mime == JPEG:
        image.draft(None, (near, near))
    image.load()
    return image


def _load_without_seal(photo: Container) -> Image.Image:
    """A PNG whose pixels are all there, whatever the checksum at their end says: each of its chunks has one too."""
    try:
        return _load_seen(photo, without_seal(photo.data), None)
    except UNREADABLE as error:
        raise DamagedPhoto from error


def _load_without_end(photo: Container, near: int | None) -> Image.Image:
    """A JPEG that lacks its last marker, but none of its pixels: they stay as they are, whatever bytes follow them."""
    scan = photo.data.rstrip(b"\xff")
    try:
        seen = {zlib.crc32(_load_bytes(photo, scan + more + END, None).tobytes()) for more in (b"", FILLER)}
        if len(seen) > 1:
            raise DamagedPhoto
        return _load_bytes(photo, scan + END, near)
    except UNREADABLE as error:
        raise DamagedPhoto from error


def _find_seen(photo: Container) -> Image.Image | None:
    """The first frame of an animation that shows anything; None where there is none."""
    image = open_container(photo, photo.frames)
    try:
        for number in range(1, PIXELS_LOOKED_THROUGH // (image.width * image.height) + 1):
            image.seek(number)
            image.load()
            if _is_seen(image):
                return image
    except UNREADABLE:
        # It ends here, or what follows is damaged.
        return None
    return None


def _is_seen(image: Image.Image) -> bool:
    return not image.has_transparency_data or image.convert("RGBA").getchannel("A").getextrema()[1] != 0


def _simplify(image: Image.Image) -> Image.Image:
    """The image as L, RGB or CMYK, with an A where it is transparent anywhere: each of eight bits."""
    if image.mode.startswith("I"):
        return _narrow(image)
    if image.mode == "CMYK":
        return image
    mode = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    mode += "A" if image.has_transparency_data else ""
    return image if image.mode == mode and "transparency" not in image.info else image.convert(mode)


def _narrow(image: Image.Image) -> Image.Image:
    """Sixteen bits of grey as eight: Pillow would cut them off at white, and overlook which shade is transparent."""
    import numpy as np  # noqa: PLC0415 - web processes hardly ever need it

    samples = np.asarray(image)
    grey = Image.fromarray((samples >> 8).astype(np.uint8))
    if "transparency" in image.info:
        grey.putalpha(Image.fromarray(np.where(samples == image.info["transparency"], 0, 255).astype(np.uint8)))
    return grey
