"""A photo that is restyled at OpenAI or Gemini, as the engine would have it done."""

from typing import Any

from pydantic import SecretStr

from funmagic.providers.config import ProviderConfig
from tests.factories import photo_bytes
from worker.providers.accounts import Account
from worker.providers.base import Done, InputFile, Provider, StyleReference, Work
from worker.providers.registry import open_provider

KEY = "sk-proj-0123456789abcdefSECRET"
PHOTO = photo_bytes()
STYLE = photo_bytes(40, 40, "WEBP")
PROMPT = "The person of the first picture as a figure in the style of the second"


class StylingRun:
    """One request; `told` is what the engine was told meanwhile, and `started` what came of it."""

    def __init__(self, provider: Provider, work: Work) -> None:
        self.provider = provider
        self.work = work
        self.told: list[tuple[float, bytes | None]] = []

    def start(self) -> Done:
        return self.provider.start(self.work, lambda at, *, preview=None: self.told.append((at, preview)))


def make_run(
    kind: str,
    address: str,
    *,
    key: str = KEY,
    photo: bytes = PHOTO,
    mime: str = "image/jpeg",
    **values: Any,
) -> StylingRun:
    """A run for an account configured so."""
    config = ProviderConfig.model_validate(values.pop("config", {}))
    credentials = {name: SecretStr(value) for name, value in values.pop("credentials", {}).items()}
    files = {"assetId": InputFile(photo, mime, "me at home.jpg", "asset-1")}
    style = StyleReference(PROMPT, InputFile(STYLE, "image/webp", "clay.webp", "style-clay"))
    work = Work("stylise-image", files, **{"style": style, **values})
    account = Account("it", kind, address, SecretStr(key), config, credentials, scope="web")
    return StylingRun(open_provider(account), work)
