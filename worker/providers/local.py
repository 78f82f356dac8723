"""The `local` provider: does each operation's work on this machine's CPU, with no key and no account."""

import io
import re
import time
from pathlib import Path

from PIL import Image

from funmagic.library.images import MIME_BY_FORMAT
from funmagic.models.assets import AssetKind
from funmagic.settings import get_settings
from worker.cutout.pipeline import cut_out
from worker.providers.accounts import Account
from worker.providers.base import Done, InvalidWork, OutputFile, ProviderUnavailable, Report, Waiting, Work

MODEL_NAME = re.compile(r"[\w.-]+")


class LocalProvider:
    """Runs operations here and now; it never waits, so there is nothing to check later."""

    def __init__(self, account: Account) -> None:
        self._name = account.name

    def start(self, work: Work, report: Report) -> Done:
        """Do the work; raises InvalidWork for a photo that cannot be decoded, ProviderUnavailable without a model."""
        if work.operation != "remove-background":
            raise ProviderUnavailable(f"the provider {self._name} cannot do {work.operation}")
        began = time.monotonic()
        photo = _decode(work.files["assetId"].data)
        result = cut_out(photo, model_path=_model_path(work.model), report=report)
        encoded = io.BytesIO()
        # Level 1 is three times as fast as the default and a few per cent larger.
        result.save(encoded, "PNG", compress_level=1)
        file = OutputFile(
            encoded.getvalue(), AssetKind.IMAGE, "image/png", "png", width=result.width, height=result.height
        )
        return Done([file], usage={"seconds": round(time.monotonic() - began, 3)})

    def check(self, provider_job_id: str, work: Work, report: Report) -> Done | Waiting:  # noqa: ARG002 - the protocol
        """Never called: local work is done when `start` returns."""
        raise ProviderUnavailable("local work leaves no job behind")


def _decode(data: bytes) -> Image.Image:
    try:
        photo = Image.open(io.BytesIO(data), formats=list(MIME_BY_FORMAT))
        photo.load()
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise InvalidWork(f"cannot decode the photo: {error}") from error
    return photo


def _model_path(model: str | None) -> Path:
    name = model or get_settings().saliency_model
    path = get_settings().models_dir / f"{name}.onnx"
    if not MODEL_NAME.fullmatch(name) or not path.is_file():
        raise ProviderUnavailable(f"no model {name} in {path.parent}; run `python -m funmagic fetch-models`")
    return path
