"""Pictures made in code: of nothing in particular, and of small things in a corner."""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]

COLOURS: list[tuple[Colour, Colour]] = [
    ((255, 255, 255), (20, 30, 60)),
    ((250, 220, 120), (200, 40, 60)),
    ((10, 10, 20), (90, 160, 240)),
    ((230, 240, 250), (150, 190, 230)),
]


def jpeg(picture: Image.Image, quality: int) -> Image.Image:
    """The picture after a JPEG of this quality."""
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=quality)
    return Image.open(encoded).convert("RGB")


def gradient(size: tuple[int, int], centre: tuple[float, float], colours: tuple[Colour, Colour]) -> Image.Image:
    """One colour at the centre, given in shares of the size, and the other at the corner that is farthest from it."""
    away = np.hypot(*(grid - at * side for grid, at, side in zip(_grids(size), centre, size, strict=True)))
    return _mixed(away / away.max(), colours)


def grainy(picture: Image.Image) -> Image.Image:
    """The picture as a camera sees it in little light."""
    pixels = np.asarray(picture, np.float32)
    noisy = pixels + np.random.default_rng(5).normal(0, 4, pixels.shape)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def stripes(size: tuple[int, int], period: float, angle: float, colours: tuple[Colour, Colour]) -> Image.Image:
    """Stripes with soft edges, at an angle in degrees, from rim to rim."""
    across, down = _grids(size)
    along = (across * np.cos(np.radians(angle)) + down * np.sin(np.radians(angle))) / period % 1
    return _mixed(((0.25 - np.abs(along - 0.5)) * period + 0.5).clip(0, 1), colours)


def checks(size: tuple[int, int], side: int, colours: tuple[Colour, Colour]) -> Image.Image:
    """A chessboard of fields with this side."""
    across, down = _grids(size)
    return _mixed((across // side + down // side) % 2, colours)


def dots(size: tuple[int, int], step: int, colours: tuple[Colour, Colour]) -> Image.Image:
    """Dots from rim to rim, this far apart."""
    across, down = (grid % step - step / 2 for grid in _grids(size))
    return _mixed((step / 4 - np.hypot(across, down) + 0.5).clip(0, 1), colours)


def frame(size: tuple[int, int], width: int, colours: tuple[Colour, Colour], *, radius: int = 0) -> Image.Image:
    """The outline of a rectangle in the middle, on plain ground."""
    picture = Image.new("RGB", size, colours[0])
    box = (size[0] // 5, size[1] // 6, size[0] * 4 // 5, size[1] * 5 // 6)
    ImageDraw.Draw(picture).rounded_rectangle(box, radius, outline=colours[1], width=width)
    return picture


def page(size: tuple[int, int], letters: int, colours: tuple[Colour, Colour]) -> Image.Image:
    """A page of text with letters of this size."""
    paper = Image.new("RGB", size, colours[0])
    font = ImageFont.load_default(letters)
    line = "Whoever reads this line has read them all, for none of them is a subject of its own."
    fits = int(len(line) * size[0] * 0.8 / font.getlength(line))
    for top in range(size[1] // 12, size[1] * 11 // 12 - letters, letters * 7 // 5):
        ImageDraw.Draw(paper).text((size[0] // 12, top), (line * 3)[:fits], colours[1], font)
    return paper


def with_subject(ground: Image.Image, cutout: Image.Image, share: float, at: tuple[float, float]) -> Image.Image:
    """The ground with what was cut out on it, at a place given in shares and as large as a share of the longer side."""
    subject = cutout.crop(cutout.getchannel("A").getbbox())
    side = round(share * max(ground.size))
    subject.thumbnail((side, side))
    photo = ground.copy()
    left, top = (round((whole - own) * where) for whole, own, where in zip(ground.size, subject.size, at, strict=True))
    photo.paste(subject, (left, top), subject)
    return photo


def _grids(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    down, across = np.mgrid[: size[1], : size[0]].astype(np.float32)
    return across, down


def _mixed(shares: np.ndarray, colours: tuple[Colour, Colour]) -> Image.Image:
    first, second = (np.array(colour, np.float32) for colour in colours)
    mixed = first + (second - first) * shares[..., None]
    return Image.fromarray((mixed + 0.5).astype(np.uint8))
