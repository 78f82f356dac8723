"""Parts a decoded photo into its colours and the transparency it arrived with."""

from PIL import Image


def split_photo(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Return the photo as RGB and its own alpha (mode L, 0..255), or None if it was opaque."""
    if not image.has_transparency_data:
        return (image if image.mode == "RGB" else image.convert("RGB")), None
    straight = image if image.mode == "RGBA" else image.convert("RGBA")
    return straight.convert("RGB"), straight.getchannel("A")
