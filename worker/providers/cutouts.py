"""Checks a cut-out that a provider made, before a person pays for it."""

import io

from PIL import Image

from funmagic.core.errors import FunMagicError
from funmagic.library.images import inspect_image
from funmagic.library.photos.decoder import decode_photo
from funmagic.library.photos.orientation import SIDEWAYS, turn_upright
from funmagic.library.photos.reader import read_container
from funmagic.models.assets import AssetKind
from worker.files.previews import shrink_picture
from worker.providers.base import OutputFile, ProviderError


def read_cutout(data: bytes, photo: bytes) -> OutputFile:
    """The cut-out as a file: a whole PNG with transparency, at the photo's size; anything else raises ProviderError.

    A provider that overlooks the photo's EXIF orientation answers lying on the side: its cut-out is turned upright.
    """
    seen = inspect_image(photo)
    try:
        facts = inspect_image(data)
    except FunMagicError as error:
        raise ProviderError(f"the result is no image we can take: {error}") from None
    if facts.mime != "image/png":
        raise ProviderError(f"the result is {facts.mime}, not image/png")
    image = _decode(data)
    if not image.has_transparency_data:
        raise ProviderError("the result has no transparency")
    size = (seen.width, seen.height)
    if image.size != size and image.size[::-1] == size:
        data, image = _turn_upright(image, photo)
    if image.size != size:
        raise ProviderError(f"the result is {image.width}x{image.height}, the photo {seen.width}x{seen.height}")
    preview = shrink_picture(image)
    return OutputFile(
        data, AssetKind.IMAGE, "image/png", "png", width=image.width, height=image.height, preview=preview
    )


def _decode(data: bytes) -> Image.Image:
    try:
        return decode_photo(data)
    except FunMagicError as error:
        raise ProviderError(f"the result cannot be decoded: {error}") from None


def _turn_upright(image: Image.Image, photo: bytes) -> tuple[bytes, Image.Image]:
    orientation = read_container(photo).orientation
    if orientation not in SIDEWAYS:
        raise ProviderError("the result lies on the side, and the photo does not say why")
    image = turn_upright(image, orientation)
    encoded = io.BytesIO()
    image.save(encoded, "PNG", compress_level=1)
    return encoded.getvalue(), image
