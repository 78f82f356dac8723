from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from funmagic.site.tools.figme.styles import SEEDED_STYLES
from scripts.artwork.style_references import PAINTERS, SIDE, paint_reference
from scripts.artwork.style_showcase import CARD_SIZE, THUMB_SIDE

LARGEST_FILE = 80_000
# What WebP may change on average.
TOLERANCE = 12
ASSETS = Path("assets")


def file_of(address: str) -> Path:
    return ASSETS / address.removeprefix("/")


def load_small(name: str) -> Image.Image:
    with Image.open(file_of(f"/styles/{name}.webp")) as shipped:
        return shipped.convert("RGB").resize((32, 32))


@pytest.mark.parametrize("name", PAINTERS)
def test_a_shipped_reference_is_what_its_painter_paints(name: str) -> None:
    with Image.open(file_of(f"/styles/{name}.webp")) as shipped:
        painted = paint_reference(name)
        assert shipped.size == painted.size == (SIDE, SIDE)
        assert np.abs(np.asarray(shipped.convert("RGB"), np.float32) - np.asarray(painted)).mean() < TOLERANCE


def test_painting_twice_gives_the_same_picture() -> None:
    assert paint_reference("glass").tobytes() == paint_reference("glass").tobytes()


def test_no_two_references_look_alike() -> None:
    small = {name: np.asarray(load_small(name), np.float32) for name in PAINTERS}
    assert all(np.abs(small[one] - small[other]).mean() > 25 for one, other in combinations(small, 2))


def test_every_seeded_style_has_its_picture_its_thumbnail_and_its_painter() -> None:
    assert {style["id"] for style in SEEDED_STYLES} == set(PAINTERS)
    for style in SEEDED_STYLES:
        assert file_of(style["image"]).stat().st_size <= LARGEST_FILE
        with Image.open(file_of(style["thumb"])) as thumb:
            assert thumb.size == (THUMB_SIDE, THUMB_SIDE)


@pytest.mark.parametrize("name", ["background-remove", "figme", "crystal-memory"])
def test_every_card_has_one_size(name: str) -> None:
    with Image.open(ASSETS / "showcase" / f"{name}.webp") as card:
        assert card.size == CARD_SIZE
