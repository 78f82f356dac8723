"""Paints the style references: eight pictures made of nothing but seeded noise, curves and palettes."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage
from scipy.spatial import cKDTree

Pixels = NDArray[Any]
Field = NDArray[Any]
Random = np.random.Generator

SIDE = 512
SUPERSAMPLING = 2


def paint_reference(name: str) -> Image.Image:
    """Return the named style's reference, RGB and SIDE pixels square: the same picture every time."""
    painter, seed = PAINTERS[name]
    return _to_picture(painter(np.random.default_rng(seed)))


def paint_clay(random: Random) -> Pixels:
    """Balls of pastel modelling clay, lit softly from the upper left."""
    palette = _palette("#f7b7cb", "#f08bb0", "#a8e0cd", "#fbdf8f", "#8ecbe8", "#f9cfd9", "#cdb6f0", "#f7c8b4")
    canvas: Pixels = np.ones((SIDE, SIDE, 3)) * palette[0]
    grid = _grid()
    for radius in np.geomspace(150, 16, 130):
        cy, cx = random.uniform(-0.05, 1.05, 2) * SIDE
        reach = 1.25 * radius + 10
        window = np.s_[max(0, int(cy - reach)) : int(cy + reach), max(0, int(cx - reach)) : int(cx + reach)]
        ys, xs, below = grid[0][window], grid[1][window], canvas[window]
        across, down = (xs - cx) / radius, (ys - cy) / radius
        inside = 1 - across**2 - down**2
        height = np.sqrt(np.clip(inside, 0, 1))
        light = 0.72 + 0.34 * np.clip(-0.5 * across - 0.6 * down + 0.62 * height, -0.4, 1)
        shade = palette[random.integers(len(palette))] * light[..., None]
        cover = np.clip(inside * radius / 3, 0, 1)[..., None]
        halo = np.clip(1.25 - np.hypot(xs - cx - 5, ys - cy - 8) / radius, 0, 0.25)[..., None]
        canvas[window] = np.where(cover > 0, below * (1 - cover) + shade * cover, below * (1 - 0.5 * halo))
    canvas += 0.02 * (_noise(random, 2)[..., None] - 0.5)
    return canvas


def paint_watercolour(random: Random) -> Pixels:
    """Transparent washes with dark drying rims, on rough paper."""
    palette = _palette("#2f74bd", "#5aa9d6", "#e58a6b", "#4f8fd0", "#7a6fc0", "#5c9aa4", "#d9637c")
    canvas: Pixels = np.ones((SIDE, SIDE, 3)) * _palette("#fdf8ee")[0]
    ys, xs = _grid()
    rough, fine, pool = (_noise(random, scale) for scale in (34, 6, 18))
    for radius in np.linspace(150, 22, 30):
        cy, cx = random.uniform(0, SIDE, 2)
        turn = tuple(random.integers(0, SIDE, 2))
        wobble = np.roll(0.55 * (rough - 0.5) + 0.16 * (fine - 0.5), turn, (0, 1))
        depth = 1 - np.hypot(xs - cx, ys - cy) / radius + wobble
        wash = np.clip(depth * 14, 0, 1)
        rim = np.exp(-((depth / 0.05) ** 2))
        strength = (wash * (0.12 + 0.5 * np.roll(pool, turn, (0, 1))) + 0.25 * rim * wash)[..., None]
        canvas *= 1 - strength * (1 - palette[random.integers(len(palette))])
    grain = ndimage.sobel(_noise(random, 1.3), axis=1)
    canvas -= 0.035 * grain[..., None]
    return canvas


def paint_oil(random: Random) -> Pixels:
    """Thick brush strokes that follow a swirling flow from dusk blue to lamp yellow."""
    palette = _palette("#16264f", "#24508c", "#3f86b8", "#86b9b2", "#e8c66a", "#f2923c", "#c84b31")
    flow, tone = _noise(random, 70) * 2 * np.pi, _noise(random, 60)
    canvas = Image.new("RGB", (SIDE * SUPERSAMPLING,) * 2, _rgb(palette[1]))
    draw = ImageDraw.Draw(canvas)
    for width in np.geomspace(34, 7, 3200):
        x, y = random.uniform(0, SIDE, 2)
        row, column = int(y), int(x)
        place = np.clip(tone[row, column] * (len(palette) - 1) + random.normal(0, 0.55), 0, len(palette) - 1.001)
        angle = flow[row, column] + random.normal(0, 0.12)
        along = np.array([np.cos(angle), np.sin(angle)]) * width
        _stroke(draw, random, np.array([x, y]), along, _between(palette, float(place)))
    return _flatten(canvas)


def paint_woodcut(random: Random) -> Pixels:
    """Carved lines of black and vermilion ink that swell with the tone, on cream paper."""
    paper, ink, red = _palette("#f3e6cc", "#1d1a1c", "#c8452f")
    bend, tone = _noise(random, 80), _noise(random, 45)
    ys, xs = _grid()
    lines = 0.5 + 0.5 * np.sin(2 * np.pi * (ys / 11 + 9 * bend + 0.05 * _noise(random, 3)))
    crossing = 0.5 + 0.5 * np.sin(2 * np.pi * ((xs + ys) / 13 + 6 * bend))
    black = _step(lines - 0.15 - 0.85 * tone, 0.12)
    black = np.maximum(black, _step(crossing - 0.45 - 0.9 * tone, 0.12))
    blush = _step(_noise(random, 60) - 0.6, 0.02)[..., None]
    sheet = paper * (1 - 0.9 * blush) + red * 0.9 * blush
    worn = np.clip(1.15 - 0.5 * _noise(random, 1.2), 0, 1)[..., None]
    printed: Pixels = sheet + (ink - sheet) * black[..., None] * worn
    return printed


def paint_mosaic(random: Random) -> Pixels:
    """Small glazed tiles in a sea-and-sand pattern, set in pale grout."""
    palette = _palette("#0e4d64", "#137177", "#35a79c", "#9fd8cb", "#f6e7c1", "#e9a15b", "#c65a3a")
    return _tessellate(random, palette, cell=21, gap=2.6, joint="#efe6d6", spread=0.5)


def paint_glass(random: Random) -> Pixels:
    """Jewel-coloured panes with light behind them, held by dark lead."""
    palette = _palette("#7b1e6a", "#c8247e", "#e8467c", "#f9b233", "#1f9e89", "#1d5fa8", "#5a2f9f")
    return _tessellate(random, palette, cell=54, gap=4.6, joint="#17131c", spread=1.6)


def paint_neon(random: Random) -> Pixels:
    """Glowing tubes of pink, cyan and violet over midnight blue."""
    palette = _palette("#ff3fa4", "#21e6ff", "#9b5cff", "#ffd23f", "#ff6f3c")
    glow = np.zeros((SIDE, SIDE, 3))
    steps = np.linspace(0, 1, 80)
    for _ in range(40):
        start, pull, end = random.uniform(-0.1, 1.1, (3, 2)) * SIDE
        curve = ((1 - steps) ** 2)[:, None] * start + (2 * steps * (1 - steps))[:, None] * pull
        curve += (steps**2)[:, None] * end
        tube = Image.new("L", (SIDE, SIDE))
        ImageDraw.Draw(tube).line([(float(x), float(y)) for x, y in curve], fill=255, width=int(random.integers(3, 8)))
        core = np.asarray(tube.filter(ImageFilter.GaussianBlur(1)), np.float64) / 255
        halo = np.asarray(tube.filter(ImageFilter.GaussianBlur(13)), np.float64) / 255
        glow += (0.9 * core + 1.3 * halo)[..., None] * palette[random.integers(len(palette))]
    night = _between_fields(_palette("#120b2e", "#1d1458", "#3a1466"), _noise(random, 80))
    lit: Pixels = 1 - (1 - night) * np.exp(-1.1 * glow)
    return lit


def paint_knit(random: Random) -> Pixels:
    """Rows of woollen stitches in a warm winter pattern."""
    palette = _palette("#f5ead9", "#2f7d4f", "#1f5a44", "#d8574a", "#8fbf8a")
    canvas = Image.new("RGB", (SIDE * SUPERSAMPLING,) * 2, _rgb(palette[0] * 0.55))
    draw = ImageDraw.Draw(canvas)
    wide, high, scale = 20, 16, SUPERSAMPLING
    for row in range(-2, SIDE // high + 2):
        for column in range(-1, SIDE // wide + 2):
            colour = palette[_stitch_colour(row, column)] * random.uniform(0.88, 1.06)
            for lean in (-1, 1):
                foot = np.array([column * wide + wide / 2, row * high + high * 1.45]) * scale
                head = np.array([column * wide + wide / 2 + lean * wide * 0.42, row * high + 1.0]) * scale
                for fibre in np.linspace(-1, 1, 7):
                    shift = np.array([fibre * wide * 0.17 * scale, 0])
                    shade = colour * (1.04 - 0.34 * abs(fibre) + random.normal(0, 0.05))
                    path = [tuple(foot + shift), tuple(head + shift)]
                    draw.line(path, fill=_rgb(shade), width=3 * scale)
    return _flatten(canvas.filter(ImageFilter.GaussianBlur(1.2)))


PAINTERS: dict[str, tuple[Callable[[Random], Pixels], int]] = {
    "clay": (paint_clay, 11),
    "watercolour": (paint_watercolour, 5),
    "oil": (paint_oil, 8),
    "woodcut": (paint_woodcut, 3),
    "mosaic": (paint_mosaic, 21),
    "glass": (paint_glass, 13),
    "neon": (paint_neon, 4),
    "knit": (paint_knit, 2),
}


def _stitch_colour(row: int, column: int) -> int:
    band, step = row // 8 % 3, row % 8
    if band == 0:
        return 1 if abs((column % 8) - 4) == abs(step - 4) else 0
    if band == 1:
        return 3 if (column + step) % 4 == 0 and step in (2, 3, 4) else 2
    return 1 if step in (0, 7) else (0 if (column + step) % 3 == 0 else 4)


def _stroke(draw: ImageDraw.ImageDraw, random: Random, middle: Pixels, along: Pixels, colour: Pixels) -> None:
    """Draw one brush stroke, along being its direction and width, as parallel bristles, lighter towards the lamp."""
    aside, width = np.array([-along[1], along[0]]) * 0.5, np.hypot(*along)
    for bristle in np.linspace(-1, 1, 9):
        reach = along * 1.9 * random.uniform(0.75, 1.05)
        tint = colour * (1 - 0.1 * bristle) + random.normal(0, 0.03)
        ends = [
            tuple(float(value) for value in (middle + aside * bristle + end) * SUPERSAMPLING) for end in (-reach, reach)
        ]
        draw.line(ends, fill=_rgb(tint), width=max(2, round(width * SUPERSAMPLING / 7)))


def _tessellate(random: Random, palette: Pixels, *, cell: int, gap: float, joint: str, spread: float) -> Pixels:
    """Return irregular cells around jittered grid points, coloured by a smooth field, with joints of gap pixels."""
    count = SIDE // cell + 4
    places = (np.stack(np.meshgrid(np.arange(count), np.arange(count)), axis=-1).reshape(-1, 2) - 1.5) * cell
    places = places + random.uniform(-0.34, 0.34, places.shape) * cell
    ys, xs = _grid()
    near, nearest = cKDTree(places).query(np.stack([xs.ravel(), ys.ravel()], axis=-1), k=2)
    field = _noise(random, 55)
    rows, columns = np.clip(places[:, 1], 0, SIDE - 1).astype(int), np.clip(places[:, 0], 0, SIDE - 1).astype(int)
    tone = np.clip(field[rows, columns] * (len(palette) - 1) + random.normal(0, spread, len(places)), 0, 5.999)
    colours = np.array([_between(palette, value) for value in tone]) * random.uniform(0.86, 1.12, (len(places), 1))
    first = np.asarray(nearest)[:, 0]
    offset = (np.stack([xs.ravel(), ys.ravel()], axis=-1) - places[first]) / cell
    shine = 1 + 0.16 * (-offset[:, 0] - offset[:, 1])
    cover = _step(np.asarray(near) @ np.array([-1, 1]) - gap, 1.2)[:, None]
    flat: Pixels = colours[first] * shine[:, None] * cover + _palette(joint)[0] * (1 - cover)
    textured: Pixels = flat.reshape(SIDE, SIDE, 3) * (0.95 + 0.1 * _noise(random, 2))[..., None]
    return textured


def _noise(random: Random, scale: float) -> Field:
    """Return a smooth random field (SIDE, SIDE) in 0..1 whose features are about scale pixels wide, evenly spread."""
    field = ndimage.gaussian_filter(random.standard_normal((SIDE, SIDE)), scale, mode="wrap")
    ranks = np.empty(field.size)
    ranks[np.argsort(field, axis=None)] = np.linspace(0, 1, field.size)
    return ranks.reshape(field.shape)


def _grid() -> tuple[Field, Field]:
    ys, xs = np.mgrid[0:SIDE, 0:SIDE].astype(np.float64)
    return ys, xs


def _step(value: Field, softness: float) -> Field:
    return np.clip(0.5 + value / softness, 0, 1)


def _palette(*colours: str) -> Pixels:
    return np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in colours]) / 255


def _between(palette: Pixels, place: float) -> Pixels:
    low = int(place)
    mixed: Pixels = palette[low] + (palette[min(low + 1, len(palette) - 1)] - palette[low]) * (place - low)
    return mixed


def _between_fields(palette: Pixels, field: Field) -> Pixels:
    stops = np.linspace(0, 1, len(palette))
    return np.stack([np.interp(field, stops, palette[:, channel]) for channel in range(3)], axis=-1)


def _rgb(colour: Pixels) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in np.clip(colour * 255, 0, 255))
    return red, green, blue


def _flatten(canvas: Image.Image) -> Pixels:
    return np.asarray(canvas.resize((SIDE, SIDE), Image.Resampling.BOX), np.float64) / 255


def _to_picture(pixels: Pixels) -> Image.Image:
    return Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8))
