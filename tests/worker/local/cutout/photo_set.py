"""The photos that cut-outs are judged by, each with its true alpha: photos/README.md says where they come from."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

PHOTOS = Path(__file__).with_name("photos")
SIDE = 640


@dataclass(frozen=True)
class Case:
    """One photo to cut out; without a ground it is a real one, else a subject on it, as large as this and there."""

    kind: str
    name: str
    ground: str = ""
    share: float = 0.8
    at: tuple[float, float] = (0.5, 0.5)

    def load(self) -> tuple[Image.Image, np.ndarray]:
        """The RGB photo and its true alpha (H, W) in 0..1."""
        if not self.ground:
            photo = Image.open(PHOTOS / f"{self.name}.jpg").convert("RGB")
            return photo, _shares(Image.open(PHOTOS / f"{self.name}_mask.png"))
        photo = Image.open(PHOTOS / f"ground_{self.ground}.webp").convert("RGB").resize((SIDE, SIDE))
        drawn = Image.open(PHOTOS / f"subject_{self.name}.webp").convert("RGBA")
        scale = self.share * SIDE / max(drawn.size)
        subject = drawn.resize((round(drawn.width * scale), round(drawn.height * scale)), Image.Resampling.BICUBIC)
        # More than 1 pushes the subject over the rim.
        where = tuple(round((SIDE - own) * at) for own, at in zip(subject.size, self.at, strict=True))
        alpha = Image.new("L", photo.size)
        alpha.paste(subject.getchannel("A"), where)
        photo.paste(subject.convert("RGB"), where, subject)
        return photo, _shares(alpha)


CASES = (
    Case("people", "astronaut"),
    Case("people", "president"),
    Case("people", "dancer", "lake"),
    Case("people", "disco", "bricks"),
    Case("people", "runner", "grass", 0.7),
    Case("people", "woman", "table", 0.9, (0.5, 2.5)),
    Case("people", "man", "leaves", 0.8, (0.2, 1.6)),
    Case("people", "wheelchair", "plants", 0.85),
    Case("animals", "chelsea"),
    Case("animals", "dog", "grass", 0.75),
    Case("animals", "cat", "table", 0.8),
    Case("animals", "horse", "lake", 0.9),
    Case("animals", "deer", "plants", 0.85),
    Case("animals", "poodle", "bricks", 0.8),
    Case("animals", "flamingo", "leaves", 0.9),
    Case("animals", "leopard", "leaves", 1.1, (-1.0, 0.5)),
    Case("thin parts", "cameraman"),
    Case("thin parts", "rocket"),
    Case("thin parts", "bicycle", "bricks", 0.9),
    Case("thin parts", "scooter", "table", 0.8),
    Case("thin parts", "scales", "leaves", 0.85),
    Case("thin parts", "trolley", "lake", 0.8),
    Case("thin parts", "racket", "plants", 0.85),
    Case("thin parts", "cane", "grass", 0.8),
    Case("thin parts", "spider", "table", 0.85),
    Case("thin parts", "fencer", "lake", 0.85),
    Case("thin parts", "cyclist", "grass", 0.85),
    Case("things", "coffee"),
    Case("things", "umbrella", "leaves", 0.8),
    Case("things", "plant", "bricks", 0.8),
)


def overlap(alpha: np.ndarray, truth: np.ndarray) -> float:
    """Intersection over union of what is more than half opaque."""
    seen, true = alpha > 0.5, truth > 0.5
    return float((seen & true).sum() / max((seen | true).sum(), 1))


def difference(alpha: np.ndarray, truth: np.ndarray) -> float:
    """The sum of absolute differences, in percent of the subject's own area."""
    return float(100 * np.abs(alpha - truth).sum() / truth.sum())


def _shares(alpha: Image.Image) -> np.ndarray:
    return np.asarray(alpha.convert("L"), np.float32) / 255
