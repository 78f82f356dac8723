"""Lays a figure's texture out: the cut-out in front, its back beside it, and the plinth below both."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worker.local.relief.backside import paint_back
from worker.local.relief.silhouette import Silhouette
from worker.local.relief.spreading import Pixels, spread_colours, to_image

SIDE = 1024
# The back is smooth and needs fewer pixels.
BACK_SCALE = 0.3
MARGIN = 6
SOLID = 0.98
# The plinth is of light stone with some of the subject's colour.
STONE = np.array([0.80, 0.78, 0.77], np.float32)
STONE_TINT = 0.3


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


def paint(cutout: Image.Image, silhouette: Silhouette, *, ground: int | None = None) -> Texture:
    """Return the texture of an RGBA cut-out: colours run on beyond its edges, so that nothing behind it shows.

    From the silhouette's row `ground` on there is no subject but its plinth.
    """
    height, width = silhouette.mask.shape
    across, down = silhouette.pixels
    left, top = silhouette.origin
    box = (left, top, left + width * across, top + height * down)
    front_size, back_size = _layout(box[2] - box[0], box[3] - box[1])
    colours, alpha = _crop(cutout, box, front_size)
    share = 1.0 if ground is None else ground / height
    stands = silhouette.stands
    front, back = _paint_both(colours, alpha, back_size, subject=share, stands=stands)
    upright = front_size[1] >= front_size[0]
    size = (front_size[0] + back_size[0] + 3 * MARGIN, front_size[1] + 2 * MARGIN)
    back_corner = (front_size[0] + 2 * MARGIN, MARGIN)
    if not upright:
        size = (front_size[0] + 2 * MARGIN, front_size[1] + back_size[1] + 3 * MARGIN)
        back_corner = (MARGIN, front_size[1] + 2 * MARGIN)
    sheet = Image.new("RGB", size)
    _paste(sheet, to_image(front), (MARGIN, MARGIN))
    _paste(sheet, to_image(back), back_corner)
    front_place = _placement(box, front_size, (MARGIN, MARGIN), size)
    return Texture(sheet, front_place, _placement(box, back_size, back_corner, size))


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


def _paint_both(
    colours: Pixels, alpha: Pixels, back_size: tuple[int, int], *, subject: float, stands: bool
) -> tuple[Pixels, Pixels]:
    """Return front and back, of whose rows a share is the subject's and the others are the plinth's."""
    rows = round(subject * len(colours))
    back_rows = round(subject * back_size[1])
    known = np.clip((alpha[:rows] - 0.5) / (SOLID - 0.5), 0, 1)
    front = spread_colours(colours[:rows], known)
    back = paint_back(front, alpha[:rows], (back_size[0], back_rows), stands=stands)
    stone = STONE + STONE_TINT * (_mean_colour(front, known) - STONE)
    return _stand_on(front, stone, len(colours)), _stand_on(back, stone, back_size[1])


def _stand_on(side: Pixels, stone: Pixels, height: int) -> Pixels:
    return np.concatenate([side, np.broadcast_to(stone, (height - len(side), *side.shape[1:]))])


def _mean_colour(colours: Pixels, weight: Pixels) -> Pixels:
    return np.asarray((colours * weight[..., None]).sum(axis=(0, 1)) / max(float(weight.sum()), 1e-6), np.float32)


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
