"""A photo that is restyled at OpenAI or Gemini, as the engine would have it done."""

from typing import Any

from pydantic import SecretStr

from funmagic.providers.config import ProviderConfig
from tests.factories import photo_bytes
from tests.worker.providers.remote_run import RemoteRun
from worker.providers.accounts import Account
from worker.providers.base import InputFile, StyleReference, Work
from worker.providers.registry import open_provider

KEY = "sk-proj-0123456789abcdefSECRET"
PHOTO = photo_bytes()
STYLE = photo_bytes(40, 40, "WEBP")
PROMPT = "The person of the first picture as a figure in the style of the second"


def make_run(
    kind: str,
    *,
    base_url: str,
    key: str = KEY,
    photo: bytes = PHOTO,
    mime: str = "image/jpeg",
    **values: Any,
) -> RemoteRun:
    """A run for an account configured so."""
    config = ProviderConfig.model_validate(values.pop("config", {}))
    credentials = {name: SecretStr(value) for name, value in values.pop("credentials", {}).items()}
    files = {"assetId": InputFile(photo, mime, "me at home.jpg", "asset-1")}
    style = StyleReference(PROMPT, InputFile(STYLE, "image/webp", "clay.webp", "style-clay"))
    work = Work(values.pop("operation", "stylise-image"), files, **{"style": style, **values})
    account = Account("it", kind, base_url, SecretStr(key), config, credentials, scope="web")
    return RemoteRun(open_provider(account), work)
