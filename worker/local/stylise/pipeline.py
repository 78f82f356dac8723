"""Turns a photo into a stylised figure portrait: painted by a neural network, lit, and set on a stage."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worker.local.cutout.photo import split_photo
from worker.local.stylise.framing import CANVAS, frame_subject
from worker.local.stylise.network import load_painter
from worker.local.stylise.painting import blur, count_tiles, paint, resize
from worker.local.stylise.stage import Stage, build_stage, show_figure

Pixels = NDArray[np.float32]

STRENGTH = 0.95
# How much of the photo's own colour stays.
KEPT_COLOUR = 0.3
# How far the picture as a whole moves to the style's mean colour.
TINT = 0.4
# Shapes between these sizes make a face the person's own: they are taken half from the photo.
FEATURES = (3, 40)
KEPT_FEATURES = 0.4
PREVIEW_SIDE = 512
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def stylise(
    photo: Image.Image,
    style: Image.Image,
    *,
    strength: float = STRENGTH,
    models_dir: Path,
    report: Callable[[float], None] = lambda _: None,
    preview: Callable[[Image.Image], None] = lambda _: None,
) -> Image.Image:
    """Return the photo in the style of another picture, RGB, 1024 pixels on its long side at most.

    A photo with transparency becomes a figure on a square stage; an opaque one is painted whole. strength 0..1 mixes
    painting and photo. report hears rising fractions 0..1, preview ever finer pictures. Raises BrokenWeights,
    and NoSubject for a photo that is transparent everywhere.
    """
    painter = load_painter(style, models_dir)
    picture, own_alpha = split_photo(photo)
    framed = None
    if own_alpha is not None:
        cut = picture.copy()
        cut.putalpha(own_alpha)
        framed = frame_subject(cut)
    original = framed.colours if framed else _shrink(picture)
    stage = build_stage(style, framed.alpha, framed.box) if framed else None
    finish = partial(_finish, original=original, mean=_mean_colour(style), strength=strength, stage=stage)
    total = count_tiles(original.size)
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        report(0.95 * done / total)

    painted = paint(original, painter, level_done=lambda level: preview(_small(finish(level))), tile_done=count)
    result = finish(painted)
    report(1.0)
    return result


def _shrink(picture: Image.Image) -> Image.Image:
    scale = CANVAS / max(picture.size)
    if scale >= 1:
        return picture
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _finish(
    painted: Pixels, *, original: Image.Image, mean: Pixels, strength: float, stage: Stage | None
) -> Image.Image:
    photo = np.asarray(original, np.float32) / np.float32(255)
    mixed = _mix_with_photo(resize(painted, original.size), photo, mean, strength)
    return show_figure(mixed, stage) if stage else Image.fromarray((mixed * 255 + 0.5).astype(np.uint8))


def _mix_with_photo(painted: Pixels, photo: Pixels, mean: Pixels, strength: float) -> Pixels:
    """Keep the painting's strokes and light, the photo's features and some of its colour."""
    painted_luma = painted @ LUMA
    photo_luma = photo @ LUMA
    small, large = FEATURES
    features = blur(photo_luma, small) - blur(photo_luma, large)
    found = blur(painted_luma, small) - blur(painted_luma, large)
    luma = painted_luma + KEPT_FEATURES * (features - found)
    colour = (1 - KEPT_COLOUR) * (painted - painted_luma[..., None]) + KEPT_COLOUR * (photo - photo_luma[..., None])
    colour += TINT * ((mean - mean @ LUMA) - colour.mean(axis=(0, 1)))
    styled = luma[..., None] + colour
    return np.asarray(np.clip(photo + strength * (styled - photo), 0, 1), np.float32)


def _mean_colour(style: Image.Image) -> Pixels:
    pixels = np.asarray(style.convert("RGB").resize((1, 1), Image.Resampling.BOX), np.float32)
    return pixels.reshape(3) / np.float32(255)


def _small(picture: Image.Image) -> Image.Image:
    picture.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.BICUBIC)
    return picture
