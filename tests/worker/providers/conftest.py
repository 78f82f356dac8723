"""Providers on loopback, and what is needed to call them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from funmagic.core.db import transaction
from funmagic.core.settings import get_settings
from funmagic.providers.config import ProviderConfig
from funmagic.providers.service import set_provider
from tests.emulators.fal import FalEmulator
from tests.emulators.fal_faults import png
from tests.emulators.gemini import GeminiEmulator
from tests.emulators.openai import OpenAIEmulator
from tests.emulators.replicate import ReplicateEmulator
from tests.emulators.server import serving
from tests.emulators.tripo import TripoEmulator
from tests.factories import configure_step, photo_bytes
from tests.ports import free_port
from tests.worker.providers import stylising
from worker.providers.accounts import Account
from worker.providers.base import Done, InputFile, Provider, Waiting, Work
from worker.providers.fal.adapter import Adapter as FalAdapter
from worker.providers.replicate.adapter import Adapter as ReplicateAdapter
from worker.providers.tripo.adapter import Adapter as TripoAdapter

KEY = "fal-key-0123456789:abcdef"
REPLICATE_KEY = "r8_0123456789abcdefghij"
TRIPO_KEY = "tsk_0123456789abcdefSECRET"
PHOTO = photo_bytes()
FIGURE = photo_bytes(format="PNG")
# Taller than wide: what stands in a square must have been padded.
CUTOUT = InputFile(png(60, 90), "image/png", "cutout.png", "asset-2")


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


class RemoteRun:
    """One job at a provider, as the engine would carry it: what `start` left is given to every `check`."""

    def __init__(self, provider: Provider, work: Work) -> None:
        self.provider = provider
        self.work = work

    def start(self) -> Waiting:
        self.waiting = self.provider.start(self.work, lambda _: None)
        return self.waiting

    def check(self) -> Done | Waiting:
        work = replace(self.work, job=self.waiting.job)
        return self.provider.check(self.waiting.provider_job_id, work, lambda _: None)

    def cancel(self) -> bool:
        return self.provider.cancel(self.waiting.provider_job_id, replace(self.work, job=self.waiting.job))

    def finish(self) -> Done | Waiting:
        self.start()
        return self.check()


@pytest.fixture
def new_run(fal_address: str) -> Callable[..., RemoteRun]:
    """Makes a run at fal.ai for an account configured so."""

    def make(*, key: str = KEY, base_url: str = fal_address, photo: bytes = PHOTO, **values: Any) -> RemoteRun:
        config = ProviderConfig.model_validate(values.pop("config", {}))
        files = {"assetId": InputFile(photo, "image/jpeg", "photo.jpg", "asset-1")}
        work = Work(values.pop("operation", "remove-background"), files, **values)
        return RemoteRun(FalAdapter(Account("fal", "fal", base_url, SecretStr(key), config, scope="web")), work)

    return make


@pytest.fixture
def fal_tool(db: None, redis: None, fal_address: str) -> None:
    """Background Remove is done by fal.ai."""
    with transaction() as session:
        set_provider(session, "fal", api_key=KEY, base_url=fal_address)
    configure_step(provider="fal")


@pytest.fixture(scope="session")
def tripo_server() -> Iterator[tuple[TripoEmulator, str]]:
    """An emulator of Tripo and its address."""
    emulator = TripoEmulator(key=TRIPO_KEY)
    with serving(emulator.app, free_port()) as address:
        yield emulator, address


@pytest.fixture
def tripo(tripo_server: tuple[TripoEmulator, str], monkeypatch: pytest.MonkeyPatch) -> TripoEmulator:
    """Tripo, which nobody has asked anything yet, and which the operator allows us to reach on loopback."""
    emulator, address = tripo_server
    emulator.reset()
    monkeypatch.setattr(get_settings(), "allowed_private_hosts", address.removeprefix("http://"))
    return emulator


@pytest.fixture
def tripo_address(tripo: TripoEmulator, tripo_server: tuple[TripoEmulator, str]) -> str:
    return tripo_server[1]


@pytest.fixture
def new_tripo_run(tripo_address: str) -> Callable[..., RemoteRun]:
    """Makes a run at Tripo for an account configured so."""

    def make(*, key: str = TRIPO_KEY, base_url: str = tripo_address, image: bytes = FIGURE, **values: Any) -> RemoteRun:
        config = ProviderConfig.model_validate(values.pop("config", {}))
        previous = values.pop("previous", [InputFile(image, "image/png", "figure.png", "asset-3")])
        work = Work(values.pop("operation", "image-to-model"), {}, previous=previous, **values)
        return RemoteRun(TripoAdapter(Account("tripo", "tripo", base_url, SecretStr(key), config, scope="web")), work)

    return make


@pytest.fixture
def figure_tool(db: None, redis: None, tripo_address: str) -> None:
    """FigMe's second step is done by Tripo."""
    with transaction() as session:
        set_provider(session, "tripo", api_key=TRIPO_KEY, base_url=tripo_address)
    configure_step("figme", "3d-gen", provider="tripo")


@pytest.fixture(scope="session")
def replicate_server() -> Iterator[tuple[ReplicateEmulator, str]]:
    """An emulator of Replicate and its address."""
    emulator = ReplicateEmulator(key=REPLICATE_KEY)
    with serving(emulator.app, free_port()) as address:
        yield emulator, address


@pytest.fixture
def replicate(replicate_server: tuple[ReplicateEmulator, str], monkeypatch: pytest.MonkeyPatch) -> ReplicateEmulator:
    """Replicate, which nobody has asked anything yet, and which the operator allows us to reach, like those before."""
    emulator, address = replicate_server
    emulator.reset()
    allowed = f"{get_settings().allowed_private_hosts},{address.removeprefix('http://')}"
    monkeypatch.setattr(get_settings(), "allowed_private_hosts", allowed.strip(","))
    return emulator


@pytest.fixture
def replicate_address(replicate: ReplicateEmulator, replicate_server: tuple[ReplicateEmulator, str]) -> str:
    return replicate_server[1]


@pytest.fixture
def new_prediction(replicate_address: str) -> Callable[..., RemoteRun]:
    """Makes a run at Replicate for an account configured so."""

    def make(*, key: str = REPLICATE_KEY, base_url: str = replicate_address, **values: Any) -> RemoteRun:
        config = ProviderConfig.model_validate(values.pop("config", {}))
        operation, previous = values.pop("operation", "image-to-cloud"), values.pop("previous", [CUTOUT])
        work = Work(operation, {}, previous=previous, **values)
        return RemoteRun(
            ReplicateAdapter(Account("replicate", "replicate", base_url, SecretStr(key), config, scope="web")), work
        )

    return make


@pytest.fixture
def crystal_tool(db: None, redis: None, fal_address: str, replicate_address: str) -> None:
    """Crystal Memory is done by fal.ai and Replicate."""
    with transaction() as session:
        set_provider(session, "fal", api_key=KEY, base_url=fal_address)
        set_provider(session, "replicate", api_key=REPLICATE_KEY, base_url=replicate_address)
    configure_step("crystal-memory", "background-remove", provider="fal")
    configure_step("crystal-memory", "vggt", provider="replicate")


@pytest.fixture(scope="session")
def openai_server() -> Iterator[tuple[OpenAIEmulator, str]]:
    """An emulator of OpenAI and its base URL."""
    emulator = OpenAIEmulator(key=stylising.KEY)
    with serving(emulator.app, free_port()) as address:
        yield emulator, f"{address}/v1"


@pytest.fixture
def openai(openai_server: tuple[OpenAIEmulator, str], monkeypatch: pytest.MonkeyPatch) -> OpenAIEmulator:
    """OpenAI, which nobody has asked anything yet, and which the operator allows us to reach on loopback."""
    emulator, address = openai_server
    emulator.reset()
    monkeypatch.setattr(get_settings(), "allowed_private_hosts", httpx.URL(address).netloc.decode())
    return emulator


@pytest.fixture
def new_openai_run(openai_server: tuple[OpenAIEmulator, str]) -> Callable[..., stylising.StylingRun]:
    """Makes a run at OpenAI, or at another address, for an account configured so."""
    return lambda address=openai_server[1], **values: stylising.make_run("openai", address, **values)


@pytest.fixture(scope="session")
def gemini_server() -> Iterator[tuple[GeminiEmulator, str]]:
    """An emulator of Gemini and its address."""
    emulator = GeminiEmulator(key=stylising.KEY)
    with serving(emulator.app, free_port()) as address:
        yield emulator, address


@pytest.fixture
def gemini(gemini_server: tuple[GeminiEmulator, str], monkeypatch: pytest.MonkeyPatch) -> GeminiEmulator:
    """Gemini, which nobody has asked anything yet, and which the operator allows us to reach on loopback."""
    emulator, address = gemini_server
    emulator.reset()
    monkeypatch.setattr(get_settings(), "allowed_private_hosts", httpx.URL(address).netloc.decode())
    return emulator


@pytest.fixture
def new_gemini_run(gemini_server: tuple[GeminiEmulator, str]) -> Callable[..., stylising.StylingRun]:
    """Makes a run at Gemini, or at another address, for an account configured so."""
    return lambda address=gemini_server[1], **values: stylising.make_run("google", address, **values)
