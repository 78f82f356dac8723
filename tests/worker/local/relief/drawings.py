"""Cut-outs drawn by hand, whose figures are known beforehand."""

import numpy as np
from PIL import Image, ImageDraw

RED, GREEN, BLUE = (210, 40, 30), (30, 190, 60), (40, 60, 200)
HAIR, SKIN = (70, 45, 30), (230, 180, 150)
# What lies behind transparent pixels and must never be seen.
HIDDEN = (255, 0, 255)


def blank(width: int, height: int) -> Image.Image:
    return Image.new("RGBA", (width, height), (*HIDDEN, 0))


def disc(size: int = 300, radius: int = 100) -> Image.Image:
    """A disc, red on the left and blue on the right, on transparent magenta."""
    cutout = blank(size, size)
    middle = size // 2
    box = (middle - radius, middle - radius, middle + radius, middle + radius)
    draw = ImageDraw.Draw(cutout)
    draw.pieslice(box, 90, 270, fill=(*RED, 255))
    draw.pieslice(box, 270, 450, fill=(*BLUE, 255))
    return cutout


def ring() -> Image.Image:
    cutout = disc()
    ImageDraw.Draw(cutout).ellipse((110, 110, 190, 190), fill=(*HIDDEN, 0))
    return cutout


def two_discs() -> Image.Image:
    cutout = blank(500, 300)
    for left, colour in ((20, RED), (280, BLUE)):
        ImageDraw.Draw(cutout).ellipse((left, 50, left + 200, 250), fill=(*colour, 255))
    return cutout


def lollipop() -> Image.Image:
    """A disc on a stick of 1 in 50 of its height."""
    cutout = blank(300, 500)
    draw = ImageDraw.Draw(cutout)
    draw.rectangle((145, 200, 154, 480), fill=(*GREEN, 255))
    draw.ellipse((60, 20, 240, 200), fill=(*RED, 255))
    return cutout


def bust() -> Image.Image:
    """A head on shoulders that the lower edge of the picture cuts off."""
    cutout = blank(400, 400)
    draw = ImageDraw.Draw(cutout)
    draw.ellipse((40, 220, 360, 620), fill=(*BLUE, 255))
    draw.ellipse((130, 40, 270, 260), fill=(*RED, 255))
    return cutout


def checkerboard() -> Image.Image:
    """Squares that touch only at their corners."""
    tiles = np.indices((6, 6)).sum(axis=0) % 2 == 0
    alpha = np.kron(tiles, np.ones((40, 40))).astype(np.uint8) * 255
    return Image.fromarray(np.dstack([np.full((240, 240, 3), 120, np.uint8), alpha]))


def stretched() -> Image.Image:
    return Image.new("RGBA", (1200, 8), (*GREEN, 255))


def opaque() -> Image.Image:
    return Image.new("RGBA", (320, 200), (*GREEN, 255))


def balloon() -> Image.Image:
    """A disc that hangs in the air over another one."""
    cutout = blank(300, 500)
    draw = ImageDraw.Draw(cutout)
    draw.ellipse((100, 20, 220, 140), fill=(*RED, 255))
    draw.ellipse((50, 260, 250, 460), fill=(*BLUE, 255))
    return cutout


def portrait() -> Image.Image:
    """A face with eyes and a mouth, all around it hair."""
    cutout = blank(400, 400)
    draw = ImageDraw.Draw(cutout)
    draw.ellipse((40, 20, 360, 380), fill=(*HAIR, 255))
    draw.ellipse((100, 80, 300, 330), fill=(*SKIN, 255))
    for left in (140, 220):
        draw.ellipse((left, 160, left + 36, 184), fill=(20, 20, 30, 255))
    draw.ellipse((160, 260, 240, 285), fill=(*RED, 255))
    return cutout
