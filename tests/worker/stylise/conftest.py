from pathlib import Path

import pytest
from PIL import Image

from funmagic.weights import fetch_models
from worker.cutout.pipeline import cut_out

SAMPLES = Path("assets/samples")


@pytest.fixture(scope="session")
def models_dir() -> Path:
    return fetch_models(Path(".data/models"))[0].parent


@pytest.fixture(scope="session")
def subject(models_dir: Path) -> Image.Image:
    """The astronaut, cut out."""
    with Image.open(SAMPLES / "astronaut.jpg") as sample:
        return cut_out(sample.convert("RGB"), model_path=models_dir / "u2netp.onnx")


@pytest.fixture(scope="session")
def coffee() -> Image.Image:
    """A small opaque photo of 3 to 2."""
    with Image.open(SAMPLES / "coffee.jpg") as sample:
        return sample.convert("RGB")
