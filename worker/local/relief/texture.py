"""Paints the figure: the cut-out in front, and a back made up from the colours along its outline."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from worker.local.relief.silhouette import Silhouette

Pixels = NDArray[np.float32]

SIDE = 1024
# The back is smooth and needs fewer pixels.
BACK_SCALE = 0.3
MARGIN = 6
SOLID = 0.98
# The back grows from a rim of colours this deep, as a share of the subject's size, and is darker far from it.
RIM_SHARE = 0.05
SHADE = 0.85
SEEDS = (0.3, 1.2)
STEEPEST_SEED = -0.35


@dataclass(frozen=True)
class Texture:
    """An RGB picture of front and back, and where a photo's pixel lies on each: uv = pixel * scale + shift."""

    picture: Image.Image
    front: tuple[float, float, float, float]
    back: tuple[float, float, float, float]

    def locate(self, pixels: NDArray[np.float32], is_back: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return the texture coordinates (N, 2), from the upper left corner, of photo pixels (N, 2)."""
        placement = np.array([self.front, self.back], np.float32)[is_back.astype(np.intp)]
        return np.asarray(pixels * placement[:, :2] + placement[:, 2:], np.float32)


def paint(cutout: Image.Image, silhouette: Silhouette) -> Texture:
    """Return the texture of an RGBA cut-out: colours run on beyond its edges, so that nothing behind it shows."""
    height, width = silhouette.mask.shape
    across, down = silhouette.pixels
    left, top = silhouette.origin
    box = (left, top, left + width * across, top + height * down)
    front_size, back_size = _layout(box[2] - box[0], box[3] - box[1])
    colours, alpha = _crop(cutout, box, front_size)
    front = spread_colours(colours, np.clip((alpha - 0.5) / (SOLID - 0.5), 0, 1))
    upright = front_size[1] >= front_size[0]
    size = (front_size[0] + back_size[0] + 3 * MARGIN, front_size[1] + 2 * MARGIN)
    back_corner = (front_size[0] + 2 * MARGIN, MARGIN)
    if not upright:
        size = (front_size[0] + 2 * MARGIN, front_size[1] + back_size[1] + 3 * MARGIN)
        back_corner = (MARGIN, front_size[1] + 2 * MARGIN)
    sheet = Image.new("RGB", size)
    _paste(sheet, _to_image(front), (MARGIN, MARGIN))
    _paste(sheet, _paint_back(front, alpha, back_size, stands=silhouette.stands), back_corner)
    front_place = _placement(box, front_size, (MARGIN, MARGIN), size)
    return Texture(sheet, front_place, _placement(box, back_size, back_corner, size))


def spread_colours(colours: Pixels, weight: Pixels) -> Pixels:
    """Return colours (H, W, 3) that are the given ones where weight (H, W) is 1 and run on smoothly where it is 0."""
    known = np.concatenate([colours * weight[..., None], weight[..., None]], axis=2)
    return _pull_push(known)[..., :3]


def _pull_push(known: Pixels) -> Pixels:
    height, width = known.shape[:2]
    weight = np.clip(known[..., 3:], 0, 1)
    if max(height, width) == 1:
        return np.concatenate([known[..., :3] / np.maximum(weight, 1e-6), weight], axis=2)
    half = ((width + 1) // 2, (height + 1) // 2)
    smaller = _resize(known, half, Image.Resampling.BOX)
    # A place that is known in part tells its colour as well as one that is known wholly.
    gain = np.minimum(1 / np.maximum(smaller[..., 3:], 1e-6), 4)
    coarse = _resize(_pull_push(smaller * gain), (width, height), Image.Resampling.BILINEAR)
    filled = known[..., :3] + (1 - weight) * coarse[..., :3]
    return np.concatenate([filled, np.ones_like(weight)], axis=2)


def _resize(pixels: Pixels, size: tuple[int, int], how: Image.Resampling) -> Pixels:
    channels = [Image.fromarray(np.ascontiguousarray(pixels[..., i])).resize(size, how) for i in range(pixels.shape[2])]
    return np.stack([np.asarray(channel) for channel in channels], axis=2)


def _layout(width: float, height: float) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the sizes of front and back that fit beside each other, or below if the subject is wide, into SIDE."""
    room = SIDE - 3 * MARGIN
    longer = max(width, height)
    shorter = min(width, height)
    scale = min(room / longer, room / (shorter * (1 + BACK_SCALE)))
    front = (max(2, int(width * scale)), max(2, int(height * scale)))
    return front, (max(2, int(front[0] * BACK_SCALE)), max(2, int(front[1] * BACK_SCALE)))


def _crop(cutout: Image.Image, box: tuple[float, float, float, float], size: tuple[int, int]) -> tuple[Pixels, Pixels]:
    left = math.floor(box[0])
    top = math.floor(box[1])
    room = cutout.crop((left, top, math.ceil(box[2]), math.ceil(box[3])))
    window = (box[0] - left, box[1] - top, box[2] - left, box[3] - top)
    small = room.resize(size, Image.Resampling.BICUBIC, window, reducing_gap=3.0)
    pixels = np.asarray(small, np.float32) / np.float32(255)
    return pixels[..., :3], pixels[..., 3]


def _paint_back(front: Pixels, alpha: Pixels, size: tuple[int, int], *, stands: bool) -> Image.Image:
    """Return the back: the colours along the outline, so hair and clothes but no face, run together inside it."""
    colours = np.asarray(_to_image(front).resize(size, Image.Resampling.BOX), np.float32) / 255
    solid = np.asarray(Image.fromarray(alpha).resize(size, Image.Resampling.BOX)) > 0.5  # noqa: PLR2004
    radius = max(1.0, RIM_SHARE * float(solid.sum()) ** 0.5)
    depth = _measure_depth(solid, stands=stands) / np.float32(radius)
    # Only what does not look down spreads: hair over the nape, shoulders over the back, but no chin over a head.
    slope = ndimage.gaussian_filter(np.gradient(depth, axis=0), 1.0) * np.float32(radius)
    seeds = solid & (depth > SEEDS[0]) & (depth < SEEDS[1]) & (slope > STEEPEST_SEED)
    if not seeds.any():
        seeds = np.ones_like(solid)
    rows, columns = ndimage.distance_transform_edt(~seeds, return_distances=False, return_indices=True)
    grown = colours[rows, columns]
    soft = np.stack([ndimage.gaussian_filter(grown[..., channel], radius) for channel in range(3)], axis=2)
    near = np.clip(1.5 - depth, 0, 1)[..., None]
    shade = 1 - (1 - SHADE) * np.clip(depth / 4, 0, 1)[..., None]
    return _to_image((near * colours + (1 - near) * soft) * shade)


def _measure_depth(solid: NDArray[np.bool_], *, stands: bool) -> Pixels:
    """Return how many pixels each solid one is from the outline, of which an edge the subject stands on is no part."""
    height, width = solid.shape
    padded = np.pad(solid, ((1, height), (1, 1)))
    if stands:
        padded[max(height - 3, 1) :, 1:-1] |= solid[-4:].any(axis=0)
    return np.asarray(ndimage.distance_transform_edt(padded)[1 : height + 1, 1 : width + 1] * solid, np.float32)


def _to_image(pixels: Pixels) -> Image.Image:
    return Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8))


def _paste(sheet: Image.Image, picture: Image.Image, corner: tuple[int, int]) -> None:
    """Paste the picture, its border pixels repeated around it so that smaller mipmaps mix in nothing else."""
    padded = np.pad(np.asarray(picture), ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), mode="edge")
    sheet.paste(Image.fromarray(padded), (corner[0] - MARGIN, corner[1] - MARGIN))


def _placement(
    box: tuple[float, float, float, float], size: tuple[int, int], corner: tuple[int, int], sheet: tuple[int, int]
) -> tuple[float, float, float, float]:
    across = size[0] / (box[2] - box[0]) / sheet[0]
    down = size[1] / (box[3] - box[1]) / sheet[1]
    return across, down, corner[0] / sheet[0] - box[0] * across, corner[1] / sheet[1] - box[1] * down
