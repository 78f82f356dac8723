from pathlib import Path

import pytest

from funmagic.weights import fetch_models


@pytest.fixture(scope="session")
def model_path() -> Path:
    paths = {path.stem: path for path in fetch_models(Path(".data/models"))}
    return paths["u2netp"]
