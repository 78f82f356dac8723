"""Parts a decoded photo into its colours and the transparency it arrived with."""

import numpy as np
from PIL import Image
from scipy import ndimage

# Fainter than about 5 %, of 255, nobody sees a pixel.
CLEAR = 13
# A photo with rounded corners, or on a clear canvas, is a rectangle all the same; what is cut out is none.
CUT_AWAY = 0.05
FILLED_BOX = 0.93
SPREADING_SIDE = 128
SPREADING_BLUR = 3


def split_photo(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Return the photo as RGB and its own alpha (mode L, 0..255), or None if it was opaque.

    Whatever colours lie under full transparency, the photo has in their place those of what can be seen around it.
    """
    if not image.has_transparency_data:
        return (image if image.mode == "RGB" else image.convert("RGB")), None
    straight = image if image.mode == "RGBA" else image.convert("RGBA")
    return _fill_hidden(straight), straight.getchannel("A")


def is_cut_out(own_alpha: Image.Image) -> bool:
    """Whether somebody cut a subject out by this alpha, as opposed to a photo with a soft or missing edge."""
    seen = np.asarray(own_alpha) >= CLEAR
    rows = np.flatnonzero(seen.any(axis=1))
    columns = np.flatnonzero(seen.any(axis=0))
    if not len(rows) or seen.mean() > 1 - CUT_AWAY:
        return False
    box = seen[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return bool(box.mean() < FILLED_BOX)


def clear_hidden(image: Image.Image) -> Image.Image:
    """Return an RGBA image whose fully transparent pixels are all the same, so that no colour hides under them."""
    cleared = Image.new("RGBA", image.size)
    cleared.paste(image, mask=_where_visible(image.getchannel("A")))
    return cleared


def _fill_hidden(straight: Image.Image) -> Image.Image:
    alpha = straight.getchannel("A")
    photo = straight.convert("RGB")
    lowest, highest = alpha.getextrema()
    if lowest:
        return photo
    if not highest:
        return Image.new("RGB", straight.size)
    filled = _spread_visible(straight).resize(straight.size, Image.Resampling.BICUBIC)
    filled.paste(photo, mask=_where_visible(alpha))
    return filled


def _spread_visible(straight: Image.Image) -> Image.Image:
    """Return a small picture of the image whose hidden part is filled with the nearest colours that can be seen."""
    scale = min(1.0, SPREADING_SIDE / max(straight.size))
    size = max(1, round(straight.width * scale)), max(1, round(straight.height * scale))
    # Premultiplied, what is hidden has no weight.
    small = np.asarray(clear_hidden(straight).convert("RGBa").resize(size, Image.Resampling.BOX), np.float32)
    seen = small[..., 3] > 0
    colours = small[..., :3] / np.maximum(small[..., 3:], 1) * 255
    nearest = ndimage.distance_transform_edt(~seen, return_distances=False, return_indices=True)
    softened = ndimage.gaussian_filter(colours[tuple(nearest)], (SPREADING_BLUR, SPREADING_BLUR, 0))
    return Image.fromarray(np.clip(softened + 0.5, 0, 255).astype(np.uint8))


def _where_visible(alpha: Image.Image) -> Image.Image:
    return alpha.point(lambda value: 255 if value else 0)
