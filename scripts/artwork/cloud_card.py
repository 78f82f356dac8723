"""Draws Crystal Memory's card, a photo beside its cloud of points: `python -m scripts.artwork.cloud_card`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps
from scipy import ndimage

from funmagic.core.weights import fetch_models
from scripts.artwork.style_showcase import ASSETS, CARD_SIZE, MODELS, mask_panel
from worker.local.cutout.pipeline import cut_out
from worker.local.stylise.framing import CANVAS, SOLID, Framed, frame_subject

Pixels = NDArray[Any]

SAMPLE = "chelsea"
QUALITY = 72
# The photo's part of the card, and the part of the photo.
SPLIT, CENTRING = 400, (0.58, 0.5)
SUPERSAMPLING = 2
POINTS = 84_000
# Point sizes far and near, in supersampled pixels.
FAR_SIZE, NEAR_SIZE = 2, 4
# The relief of the inflated outline, in halves of the canvas: how deep it is, how turned (radians), seen from where.
ROUNDNESS = (12, 34, 90)
DEPTH, YAW, PITCH, DISTANCE = 0.62, 0.34, 0.1, 3.2
MIDDLE, SCALE = (705, 352), 345
NIGHT, LAMP = np.array([13, 10, 34]) / 255, np.array([96, 66, 196]) / 255
GLOW, GLOW_RADIUS = 0.3, 16
WIND = (0.14, -0.03, 0)


def main() -> None:
    """Write the card under assets/showcase as WebP."""
    models = {path.stem: path for path in fetch_models(MODELS)}
    with Image.open(ASSETS / "samples" / f"{SAMPLE}.jpg") as sample:
        photo = sample.convert("RGB")
    framed = frame_subject(cut_out(photo, model_path=models["u2netp"]))
    card = Image.new("RGB", CARD_SIZE, "white")
    card.paste(draw_cloud(framed), mask=mask_panel(SPLIT, 2 * CARD_SIZE[0]))
    left = ImageOps.fit(photo, (SPLIT + 40, CARD_SIZE[1]), Image.Resampling.LANCZOS, centering=CENTRING)
    card.paste(left, mask=mask_panel(-CARD_SIZE[0], SPLIT).crop((0, 0, *left.size)))
    card.save(ASSETS / "showcase" / "crystal-memory.webp", quality=QUALITY, method=6)


def draw_cloud(framed: Framed) -> Image.Image:
    """Return a CARD_SIZE picture of a framed subject as glowing points at night: the same picture every time."""
    random = np.random.default_rng(7)
    places, colours = _sample_points(framed, random)
    _scatter(places, random)
    canvas = _draw_night()
    _splat(canvas, places @ _turn().T, colours)
    sharp = Image.fromarray((canvas.clip(0, 1) * 255).astype(np.uint8))
    glow = np.asarray(sharp.filter(ImageFilter.GaussianBlur(GLOW_RADIUS)), np.float64) / 255
    shining = 1 - (1 - canvas.clip(0, 1)) * (1 - GLOW * glow)
    picture = Image.fromarray((shining * 255).astype(np.uint8))
    return picture.resize(CARD_SIZE, Image.Resampling.LANCZOS)


def _sample_points(framed: Framed, random: np.random.Generator) -> tuple[Pixels, Pixels]:
    """Return places (n, 3) from -1 to 1, the front at negative z, and colours (n, 3) in 0..1, on the relief."""
    height = np.mean([ndimage.gaussian_filter(framed.alpha, sigma) for sigma in ROUNDNESS], axis=0)
    relief = DEPTH * (0.5 - height)
    ys, xs = np.nonzero(framed.alpha > SOLID)
    chosen = random.integers(0, len(ys), POINTS)
    colours = np.asarray(framed.colours, np.float64)[ys[chosen], xs[chosen]] / 255
    flat = (np.stack([xs, ys], axis=1)[chosen] + random.uniform(-0.5, 0.5, (POINTS, 2))) / (CANVAS / 2) - 1
    middle = (framed.box[1] + framed.box[3]) / CANVAS - 1
    places = np.column_stack([flat[:, 0], flat[:, 1] - middle, relief[ys[chosen], xs[chosen]]])
    return places, (colours * 1.15).clip(0, 1)


def _scatter(places: Pixels, random: np.random.Generator) -> None:
    """Let points on the right drift off, the more the further right they are."""
    share = ((places[:, 0] - 0.2) / 0.6).clip(0, 1) ** 2
    loose = random.uniform(0, 1, len(places)) < 0.4 * share
    reach = (share[loose] * random.uniform(0, 1.4, loose.sum()))[:, None]
    places[loose] += random.normal(WIND, 0.1, (loose.sum(), 3)) * reach


def _turn() -> Pixels:
    turned, nodded = (np.cos(YAW), np.sin(YAW)), (np.cos(PITCH), np.sin(PITCH))
    around: Pixels = np.array([[turned[0], 0, turned[1]], [0, 1, 0], [-turned[1], 0, turned[0]]])
    return np.array([[1, 0, 0], [0, nodded[0], -nodded[1]], [0, nodded[1], nodded[0]]]) @ around


def _draw_night() -> Pixels:
    width, height = (side * SUPERSAMPLING for side in CARD_SIZE)
    ys, xs = np.mgrid[0:height, 0:width] / SUPERSAMPLING
    lamp = np.exp(-(((xs - MIDDLE[0]) / 380) ** 2) - ((ys - MIDDLE[1] + 90) / 330) ** 2)
    canvas: Pixels = NIGHT + (LAMP - NIGHT) * 0.75 * lamp[..., None]
    return canvas


def _splat(canvas: Pixels, places: Pixels, colours: Pixels) -> None:
    """Draw points as squares, the far ones first, smaller and dimmer."""
    order = np.argsort(-places[:, 2])
    places, colours = places[order], colours[order]
    nearness = (places[:, 2].max() - places[:, 2]) / np.ptp(places[:, 2])
    zoom = DISTANCE / (DISTANCE + places[:, 2:])
    spots = (places[:, :2] * zoom * SCALE + MIDDLE) * SUPERSAMPLING
    sizes = np.rint(FAR_SIZE + (NEAR_SIZE - FAR_SIZE) * nearness)
    colours = colours * (0.62 + 0.45 * nearness)[:, None]
    for down, across in np.ndindex(NEAR_SIZE, NEAR_SIZE):
        covered = sizes > max(down, across)
        x, y = (spots[covered] + [across, down]).astype(int).T
        seen = (x >= 0) & (x < canvas.shape[1]) & (y >= 0) & (y < canvas.shape[0])
        canvas[y[seen], x[seen]] = colours[covered][seen]


if __name__ == "__main__":
    main()
