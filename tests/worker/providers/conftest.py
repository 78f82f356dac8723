"""Providers on loopback, and what is needed to call them."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from funmagic.core.db import transaction
from funmagic.core.settings import get_settings
from funmagic.providers.config import ProviderConfig
from funmagic.providers.service import set_provider
from tests.emulators.fal import FalEmulator
from tests.emulators.gemini import GeminiEmulator
from tests.emulators.openai import OpenAIEmulator
from tests.emulators.replicate import ReplicateEmulator
from tests.emulators.server import serving
from tests.emulators.tripo import TripoEmulator
from tests.factories import configure_step
from tests.ports import free_port
from tests.worker.providers import stylising
from tests.worker.providers.keys import CUTOUT, FIGURE, KEY, PHOTO, REPLICATE_KEY, TRIPO_KEY
from tests.worker.providers.remote_run import RemoteRun, Runs
from tests.worker.providers.remotes import ALL, WITH_JOBS, WITHOUT_JOBS, Remote
from worker.providers.accounts import Account
from worker.providers.base import InputFile, Work
from worker.providers.registry import open_provider


def server_fixture(kind: Callable[..., Any], key: str, path: str = "") -> Any:
    """A fixture: an emulator for the whole session, and its base URL."""

    @pytest.fixture(scope="session")
    def server() -> Iterator[tuple[Any, str]]:
        emulator = kind(key=key)
        with serving(emulator.app, free_port()) as address:
            yield emulator, f"{address}{path}"

    return server


def emulator_fixture(server: str) -> Any:
    """A fixture: a provider which nobody has asked anything yet, and which the operator allows us to reach."""

    @pytest.fixture
    def emulator(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
        emulator, base_url = request.getfixturevalue(server)
        emulator.reset()
        allowed = f"{get_settings().allowed_private_hosts},{httpx.URL(base_url).netloc.decode()}"
        monkeypatch.setattr(get_settings(), "allowed_private_hosts", allowed.strip(","))
        return emulator

    return emulator


def address_fixture(emulator: str, server: str) -> Any:
    """A fixture: the base URL of a provider that may be reached."""

    @pytest.fixture
    def address(request: pytest.FixtureRequest) -> str:
        request.getfixturevalue(emulator)
        return request.getfixturevalue(server)[1]

    return address


fal_server = server_fixture(FalEmulator, KEY)
fal = emulator_fixture("fal_server")
fal_address = address_fixture("fal", "fal_server")
replicate_server = server_fixture(ReplicateEmulator, REPLICATE_KEY)
replicate = emulator_fixture("replicate_server")
replicate_address = address_fixture("replicate", "replicate_server")
tripo_server = server_fixture(TripoEmulator, TRIPO_KEY)
tripo = emulator_fixture("tripo_server")
tripo_address = address_fixture("tripo", "tripo_server")
openai_server = server_fixture(OpenAIEmulator, stylising.KEY, "/v1")
openai = emulator_fixture("openai_server")
openai_address = address_fixture("openai", "openai_server")
gemini_server = server_fixture(GeminiEmulator, stylising.KEY)
gemini = emulator_fixture("gemini_server")
gemini_address = address_fixture("gemini", "gemini_server")


def make_run(kind: str, work: Work, *, key: str, base_url: str, config: dict[str, Any] | None = None) -> RemoteRun:
    """Work at a provider of this type, for an account configured so."""
    account = Account(kind, kind, base_url, SecretStr(key), ProviderConfig.model_validate(config or {}), scope="web")
    return RemoteRun(open_provider(account), work)


def split(values: dict[str, Any], **usual: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is of the account, with its usual values, and what is of the work."""
    account = {**usual, **{name: values.pop(name) for name in ("key", "base_url", "config") if name in values}}
    return account, values


@pytest.fixture
def new_run(fal_address: str) -> Runs:
    """Makes a run at fal.ai."""

    def make(*, photo: bytes = PHOTO, operation: str = "remove-background", **values: Any) -> RemoteRun:
        account, values = split(values, key=KEY, base_url=fal_address)
        files = {"assetId": InputFile(photo, "image/jpeg", "photo.jpg", "asset-1")}
        return make_run("fal", Work(operation, files, **values), **account)

    return make


@pytest.fixture
def new_tripo_run(tripo_address: str) -> Runs:
    """Makes a run at Tripo."""

    def make(*, image: bytes = FIGURE, operation: str = "image-to-model", **values: Any) -> RemoteRun:
        account, values = split(values, key=TRIPO_KEY, base_url=tripo_address)
        previous = values.pop("previous", [InputFile(image, "image/png", "figure.png", "asset-3")])
        return make_run("tripo", Work(operation, {}, previous=previous, **values), **account)

    return make


@pytest.fixture
def new_prediction(replicate_address: str) -> Runs:
    """Makes a run at Replicate."""

    def make(*, operation: str = "image-to-cloud", **values: Any) -> RemoteRun:
        account, values = split(values, key=REPLICATE_KEY, base_url=replicate_address)
        return make_run("replicate", Work(operation, {}, **{"previous": [CUTOUT], **values}), **account)

    return make


@pytest.fixture
def new_openai_run(openai_address: str) -> Runs:
    """Makes a run at OpenAI."""
    return lambda **values: stylising.make_run("openai", **{"base_url": openai_address, **values})


@pytest.fixture
def new_gemini_run(gemini_address: str) -> Runs:
    """Makes a run at Gemini."""
    return lambda **values: stylising.make_run("google", **{"base_url": gemini_address, **values})


@pytest.fixture
def fal_tool(db: None, redis: None, fal_address: str) -> None:
    """Background Remove is done by fal.ai."""
    with transaction() as session:
        set_provider(session, "fal", api_key=KEY, base_url=fal_address)
    configure_step(provider="fal")


@pytest.fixture
def figure_tool(db: None, redis: None, tripo_address: str) -> None:
    """FigMe's second step is done by Tripo."""
    with transaction() as session:
        set_provider(session, "tripo", api_key=TRIPO_KEY, base_url=tripo_address)
    configure_step("figme", "3d-gen", provider="tripo")


@pytest.fixture
def crystal_tool(db: None, redis: None, fal_address: str, replicate_address: str) -> None:
    """Crystal Memory is done by fal.ai and Replicate."""
    with transaction() as session:
        set_provider(session, "fal", api_key=KEY, base_url=fal_address)
        set_provider(session, "replicate", api_key=REPLICATE_KEY, base_url=replicate_address)
    configure_step("crystal-memory", "background-remove", provider="fal")
    configure_step("crystal-memory", "vggt", provider="replicate")


@pytest.fixture(params=ALL, ids=lambda peculiar: peculiar.kind)
def remote(request: pytest.FixtureRequest) -> Remote:
    """Each provider."""
    return Remote(request.param, request)


@pytest.fixture(params=WITH_JOBS, ids=lambda peculiar: peculiar.kind)
def with_jobs(request: pytest.FixtureRequest) -> Remote:
    """Each provider whose work goes on as a job."""
    return Remote(request.param, request)


@pytest.fixture(params=WITHOUT_JOBS, ids=lambda peculiar: peculiar.kind)
def without_jobs(request: pytest.FixtureRequest) -> Remote:
    """Each provider that does its work within one request."""
    return Remote(request.param, request)
