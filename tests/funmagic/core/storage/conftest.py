"""Every store the product can use, each behind the same fixtures, so that one suite holds them all to one promise."""

import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from funmagic.api.app import create_api
from funmagic.core.settings import Settings, get_settings
from funmagic.core.storage import current
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import PRIVATE_BUCKET, PresignedPut, Storage
from funmagic.core.storage.setup import setup_buckets
from tests.funmagic.core.storage.terms import Terms
from tests.s3_server import ACCESS_KEY, SECRET_KEY, S3Server

TERMS = {
    "local": Terms(signature="signature", expires="expires", later="99999999999", download="filename"),
    "s3": Terms(
        signature="X-Amz-Signature", expires="X-Amz-Expires", later="604800", download="response-content-disposition"
    ),
}
CLOCKS = {"local": "funmagic.core.storage.local.utcnow", "s3": "botocore.auth.get_current_datetime"}


@pytest.fixture(params=["local", "s3"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which store this test is about."""
    return str(request.param)


@pytest.fixture
def terms(kind: str) -> Terms:
    """What the store's signed addresses call their terms."""
    return TERMS[kind]


@pytest.fixture(scope="session")
def s3_buckets(s3_server: S3Server) -> str:
    """The address of a server with the product's buckets in it."""
    lines, is_ready = setup_buckets(
        Settings(s3_endpoint=s3_server.url, s3_access_key=ACCESS_KEY, s3_secret_key=SecretStr(SECRET_KEY))
    )
    assert is_ready, lines
    return s3_server.url


@pytest.fixture
def use_s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Lets the settings of this process name an S3 store at an endpoint."""

    def use(endpoint: str, **more: str) -> None:
        chosen = {"s3_endpoint": endpoint, "s3_public_endpoint": endpoint, "s3_access_key": ACCESS_KEY} | more
        for name, value in chosen.items():
            monkeypatch.setattr(get_settings(), name, value)
        monkeypatch.setattr(get_settings(), "s3_secret_key", SecretStr(SECRET_KEY))
        current._make_s3_storage.cache_clear()

    yield use
    current._make_s3_storage.cache_clear()


@pytest.fixture
def s3(s3_buckets: str, use_s3: Callable[..., None]) -> Storage:
    """The S3 store is the one in use."""
    use_s3(s3_buckets)
    return get_storage()


@pytest.fixture
def storage(kind: str, request: pytest.FixtureRequest) -> Iterator[Storage]:
    """The store in use, and no object of an earlier test in it."""
    store = request.getfixturevalue("s3") if kind == "s3" else get_storage()
    store.delete(PRIVATE_BUCKET, "a/photo")
    yield store
    store.delete(PRIVATE_BUCKET, "a/photo")


@pytest.fixture
def http(kind: str, bare_api: FastAPI, certificates: ssl.SSLContext) -> Iterator[httpx2.Client]:
    """A client that reaches the addresses the store signs."""
    with httpx2.Client(verify=certificates) if kind == "s3" else TestClient(bare_api) as client:
        yield client


@pytest.fixture(scope="session")
def bare_api() -> FastAPI:
    """The API with nothing behind it: whatever answers is what serves the store's addresses."""
    return create_api()


@pytest.fixture(scope="session")
def certificates() -> ssl.SSLContext:
    """What a client would read anew for every test."""
    return ssl.create_default_context()


@pytest.fixture
def signed_long_ago(kind: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], PresignedPut | str]], object]:
    """Lets a signature be made as if it were yesterday: only the clock of whoever signs is moved."""

    def yesterday(*, remove_tzinfo: bool = False) -> datetime:
        now = datetime.now(UTC) - timedelta(days=1)
        return now.replace(tzinfo=None) if remove_tzinfo else now

    def sign(signing: Callable[[], PresignedPut | str]) -> PresignedPut | str:
        with monkeypatch.context() as patch:
            patch.setattr(CLOCKS[kind], yesterday)
            return signing()

    return sign


@pytest.fixture
def drafts() -> Path:
    """Where the local store keeps bytes on their way in."""
    return get_settings().storage_dir / "drafts"
