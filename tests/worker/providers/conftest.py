"""fal.ai on loopback, and what is needed to call it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from funmagic.db import transaction
from funmagic.providers.config import ProviderConfig
from funmagic.providers.service import set_provider
from funmagic.settings import get_settings
from tests.emulators.fal import FalEmulator
from tests.emulators.server import serving
from tests.factories import configure_step, photo_bytes
from tests.ports import free_port
from worker.providers.accounts import Account
from worker.providers.base import Done, InputFile, Waiting, Work
from worker.providers.fal import FalProvider

KEY = "fal-key-0123456789:abcdef"
PHOTO = photo_bytes()


@pytest.fixture(scope="session")
def fal_server() -> Iterator[tuple[FalEmulator, str]]:
    """An emulator of fal.ai and its address."""
    emulator = FalEmulator(key=KEY)
    with serving(emulator.app, free_port()) as address:
        yield emulator, address


@pytest.fixture
def fal(fal_server: tuple[FalEmulator, str], monkeypatch: pytest.MonkeyPatch) -> FalEmulator:
    """fal.ai, which nobody has asked anything yet, and which the operator allows us to reach on loopback."""
    emulator, address = fal_server
    emulator.reset()
    monkeypatch.setattr(get_settings(), "allowed_private_hosts", address.removeprefix("http://"))
    return emulator


@pytest.fixture
def fal_address(fal: FalEmulator, fal_server: tuple[FalEmulator, str]) -> str:
    return fal_server[1]


class FalRun:
    """One job at fal.ai, as the engine would carry it: what `start` left is given to every `check`."""

    def __init__(self, provider: FalProvider, work: Work) -> None:
        self.provider = provider
        self.work = work

    def start(self) -> Waiting:
        self.waiting = self.provider.start(self.work, lambda _: None)
        return self.waiting

    def check(self) -> Done | Waiting:
        work = replace(self.work, job=self.waiting.job)
        return self.provider.check(self.waiting.provider_job_id, work, lambda _: None)

    def finish(self) -> Done | Waiting:
        self.start()
        return self.check()


@pytest.fixture
def new_run(fal_address: str) -> Callable[..., FalRun]:
    """Makes a run at fal.ai for an account configured so."""

    def make(*, key: str = KEY, base_url: str = fal_address, photo: bytes = PHOTO, **values: Any) -> FalRun:
        config = ProviderConfig.model_validate(values.pop("config", {}))
        files = {"assetId": InputFile(photo, "image/jpeg", "photo.jpg", "asset-1")}
        work = Work("remove-background", files, **values)
        return FalRun(FalProvider(Account("fal", "fal", base_url, SecretStr(key), config)), work)

    return make


@pytest.fixture
def fal_tool(db: None, redis: None, fal_address: str) -> None:
    """Background Remove is done by fal.ai."""
    with transaction() as session:
        set_provider(session, "fal", api_key=KEY, base_url=fal_address)
    configure_step(provider="fal")
