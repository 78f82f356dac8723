"""Looking at an image without decoding it: its real type and its size."""

from dataclasses import dataclass

from funmagic.library.photos.orientation import SIDEWAYS
from funmagic.library.photos.reader import open_container, read_container


@dataclass(frozen=True)
class ImageFacts:
    """An image's real type and its size in pixels as people see it, turned upright."""

    mime: str
    width: int
    height: int


def inspect_image(data: bytes) -> ImageFacts:
    """Read an image's header, and never its pixels; raises UnsupportedFile, DamagedPhoto or ImageTooLarge."""
    photo = read_container(data)
    width, height = open_container(photo).size
    if photo.orientation in SIDEWAYS:
        width, height = height, width
    return ImageFacts(photo.mime, width, height)
