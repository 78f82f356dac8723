"""Runs Magenta's arbitrary style transfer (Ghiasi et al. 2017): a style becomes a vector, the vector repaints tiles."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from worker.local.onnx_sessions import BrokenWeights, load_session

Pixels = NDArray[np.float32]

PREDICT = "magenta-style-predict"
TRANSFORM = "magenta-style-transform"
# Both networks take pictures of these sizes only.
STYLE_SIDE = 256
TILE = 384


@dataclass(frozen=True)
class Painter:
    """The transform network with one style in it."""

    session: Any
    style: Pixels

    def paint(self, tile: Pixels) -> Pixels:
        """Return a tile (TILE, TILE, 3) in 0..1 repainted in the style."""
        names = [source.name for source in self.session.get_inputs()]
        painted = self.session.run(None, dict(zip(names, (tile[None], self.style), strict=True)))[0][0]
        return np.clip(np.asarray(painted, np.float32), 0, 1)


def load_painter(style: Image.Image, models_dir: Path) -> Painter:
    """Return a painter that has seen the style's middle square; raises BrokenWeights."""
    predict = load_session(models_dir / f"{PREDICT}.onnx")
    transform = load_session(models_dir / f"{TRANSFORM}.onnx")
    _check_shape(predict, PREDICT, [1, STYLE_SIDE, STYLE_SIDE, 3])
    _check_shape(transform, TRANSFORM, [1, TILE, TILE, 3])
    square = ImageOps.fit(style.convert("RGB"), (STYLE_SIDE, STYLE_SIDE), Image.Resampling.LANCZOS)
    pixels = np.asarray(square, np.float32)[None] / np.float32(255)
    return Painter(transform, predict.run(None, {predict.get_inputs()[0].name: pixels})[0])


def _check_shape(session: Any, name: str, expected: list[int]) -> None:
    found = session.get_inputs()[0].shape
    if found != expected:
        raise BrokenWeights(f"{name} takes {found}, not {expected}: it is another model")
