"""Gives a painted figure volume, light, a plinth and a backdrop in the colours of its style."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from scipy import ndimage

from worker.local.stylise.framing import CANVAS, FLOOR
from worker.local.stylise.painting import resize

Pixels = NDArray[Any]

WHITE = np.ones(3, np.float32)
# Styles darker than this are shown at night.
NIGHT = 0.42
HUES = 12
VIBRANCE = 1.35
# From the upper left, towards the viewer; of length 1.
LAMP = np.array([-0.45, -0.62, 0.643], np.float32)
TOWARDS_US = np.array([0, 0, 1], np.float32)
VOLUME = 0.48
GLOSS = 0.32
SHININESS = 40
# The height of its wall, as a share of the canvas.
PLINTH = 0.034
# Light is worked out small: the outline blurred by these many pixels, and the height of what that gives.
ROUNDNESS = (2.5, 6, 14)
THICKNESS = 9
WORKING_SIDE = 256


@dataclass(frozen=True)
class Stage:
    """All but the paint: the empty scene (H, W, 3), the figure's outline and the light on it (H, W)."""

    scene: Pixels
    alpha: Pixels
    diffuse: Pixels
    gloss: Pixels


@dataclass(frozen=True)
class Palette:
    """The colours around the figure, each RGB in 0..1."""

    near: Pixels
    far: Pixels
    plinth: Pixels
    is_night: bool


def build_stage(style: Image.Image, alpha: Pixels, box: tuple[int, int, int, int]) -> Stage:
    """Return the stage in a style's colours for a figure with this outline and these bounds."""
    palette = choose_palette(style)
    scene = _draw_plinth(_draw_backdrop(palette), box, palette)
    scene = _mix(scene, _dark(palette), 0.3 * _soft_shadow(alpha)[..., None])
    return Stage(scene, alpha, *_light(alpha))


def show_figure(painted: Pixels, stage: Stage) -> Image.Image:
    """Return the painted figure (CANVAS, CANVAS, 3) on the stage, shaded as a rounded, slightly glossy body, as RGB."""
    lit = painted * (1 + VOLUME * stage.diffuse)[..., None] + (GLOSS * stage.gloss)[..., None]
    picture = _mix(stage.scene, lit, stage.alpha[..., None])
    return Image.fromarray((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8))


def choose_palette(style: Image.Image) -> Palette:
    """Return tints of a style picture's strongest colour, dark ones for a dark style."""
    pixels = np.asarray(ImageOps.fit(style.convert("RGB"), (64, 64)), np.float32).reshape(-1, 3) / np.float32(255)
    mean = pixels.mean(axis=0)
    vivid = _strongest_colour(pixels)
    if mean.mean() < NIGHT:
        near = 0.35 * mean + 0.5 * vivid
        plinth = 0.4 * mean + 0.45 * vivid
        return Palette(near, 0.35 * mean, plinth, is_night=True)
    tint = np.clip(vivid.mean() + VIBRANCE * (vivid - vivid.mean()), 0, 1)
    return Palette(_mix(tint, WHITE, 0.74), _mix(tint, WHITE, 0.34), _mix(tint, WHITE, 0.4), is_night=False)


def _strongest_colour(pixels: Pixels) -> Pixels:
    """Return the mean of the pixels (n, 3) whose hue has the most colour in it."""
    high = pixels.max(axis=1)
    low = pixels.min(axis=1)
    red, green, blue = pixels.T
    hue = np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue) / (2 * np.pi) % 1
    bins = (hue * HUES).astype(int) % HUES
    weight = np.bincount(bins, high - low, HUES)
    near = np.abs((bins - weight.argmax() + HUES // 2) % HUES - HUES // 2) <= 1
    strength = (high - low)[near, None]
    return np.asarray((pixels[near] * strength).sum(axis=0) / max(float(strength.sum()), 1e-6), np.float32)


def _light(alpha: Pixels) -> tuple[Pixels, Pixels]:
    """Return how much more or less lamplight than flat paint an inflated outline gets, and its gloss, both (H, W)."""
    small = resize(alpha, (WORKING_SIDE, WORKING_SIDE), Image.Resampling.BOX)
    height = sum(ndimage.gaussian_filter(small, sigma) for sigma in ROUNDNESS) * np.float32(THICKNESS)
    down, across = np.gradient(np.asarray(height, np.float32))
    normal = np.stack([-across, -down, np.ones_like(down)], axis=2)
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    diffuse = normal @ LAMP - LAMP[2]
    half = (LAMP + TOWARDS_US) / np.linalg.norm(LAMP + TOWARDS_US)
    gloss = np.clip(normal @ half, 0, 1) ** SHININESS * (1 - normal[..., 2])
    diffuse, gloss = (resize(layer.astype(np.float32), (CANVAS, CANVAS)) for layer in (diffuse, gloss))
    return diffuse, gloss


def _draw_backdrop(palette: Palette) -> Pixels:
    ys, xs = _grid()
    glow = np.clip(np.hypot((xs - 0.42) * 1.05, (ys - 0.36) * 0.95) / 0.85, 0, 1) ** 1.5
    # Dither: a smooth gradient shows steps in 8 bits.
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, glow.shape).astype(np.float32) / 255
    return _mix(palette.near, palette.far, glow[..., None]) + noise[..., None]


def _draw_plinth(scene: Pixels, box: tuple[int, int, int, int], palette: Palette) -> Pixels:
    ys, xs = _grid()
    half = min(0.47, 0.56 * (box[2] - box[0]) / CANVAS)
    tall = half * 0.17
    level = (FLOOR - 14) / CANVAS
    across = (xs - (box[0] + box[2]) / 2 / CANVAS) / half
    top = _ellipse(across, (ys - level) / tall, half, tall)
    wall = _ellipse(across, (ys - level - PLINTH) / tall, half, tall)
    wall = np.maximum(
        wall, np.clip((1 - np.abs(across)) * half * CANVAS, 0, 1) * (np.abs(ys - level - PLINTH / 2) < PLINTH / 2)
    )
    ground = np.exp(-((across / 1.12) ** 4) - ((ys - level - PLINTH * 1.6) / (tall * 1.15)) ** 2)
    contact = np.exp(-((across / 0.8) ** 4) - ((ys - level) / (tall * 0.75)) ** 2) * top
    scene = _mix(scene, _dark(palette), 0.5 * ground[..., None])
    scene = _mix(scene, palette.plinth * (0.74 - 0.2 * across)[..., None], wall[..., None])
    scene = _mix(scene, _mix(palette.plinth, WHITE, 0.1 if palette.is_night else 0.35), top[..., None])
    return _mix(scene, _dark(palette), 0.62 * contact[..., None])


def _ellipse(across: Pixels, down: Pixels, half: float, tall: float) -> Pixels:
    """Return the soft-edged inside of the unit circle of two coordinates that are half and tall long on the canvas."""
    radius = np.hypot(across, down) + np.float32(1e-6)
    slope = np.hypot(across / half, down / tall) / radius + np.float32(1e-3)
    return np.clip((1 - radius) / slope * CANVAS + 0.5, 0, 1)


def _soft_shadow(alpha: Pixels) -> Pixels:
    shifted = ndimage.shift(alpha[::4, ::4], (7, 9), order=0)
    return resize(ndimage.gaussian_filter(shifted, 9), (CANVAS, CANVAS))


def _dark(palette: Palette) -> Pixels:
    return palette.far * np.float32(0.3)


def _grid() -> tuple[Pixels, Pixels]:
    ys, xs = np.mgrid[0:CANVAS, 0:CANVAS].astype(np.float32) / np.float32(CANVAS)
    return ys, xs


def _mix(first: Pixels, second: Pixels, share: Pixels | float) -> Pixels:
    return np.asarray(first + (second - first) * share, np.float32)
