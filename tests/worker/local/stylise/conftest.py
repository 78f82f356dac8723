from pathlib import Path

import pytest
from PIL import Image

from funmagic.core.weights import fetch_models

SAMPLES = Path("assets/samples")


@pytest.fixture(scope="session")
def models_dir() -> Path:
    return fetch_models(Path(".data/models"))[0].parent


@pytest.fixture(scope="session")
def subject() -> Image.Image:
    """The astronaut, cut out, as the site shows her."""
    with Image.open("assets/showcase/astronaut_cutout.webp") as shipped:
        return shipped.convert("RGBA").resize((512, 512))


@pytest.fixture(scope="session")
def coffee() -> Image.Image:
    """A small opaque photo of 3 to 2."""
    with Image.open(SAMPLES / "coffee.jpg") as sample:
        return sample.convert("RGB")
