"""Every store the product can use, each behind the same fixtures, so that one suite holds them all to one promise."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient

from funmagic.api import create_api
from funmagic.settings import get_settings
from funmagic.storage.current import get_storage
from funmagic.storage.protocol import PRIVATE_BUCKET, PresignedPut, Storage


@pytest.fixture(params=["local"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which store this test is about."""
    return str(request.param)


@pytest.fixture
def storage(kind: str) -> Iterator[Storage]:
    """The store, and no object of an earlier test in it."""
    store = get_storage()
    store.delete(PRIVATE_BUCKET, "a/photo")
    yield store
    store.delete(PRIVATE_BUCKET, "a/photo")


@pytest.fixture
def http(kind: str) -> httpx2.Client:
    """A client that reaches the addresses the store signs."""
    return TestClient(create_api())


@pytest.fixture
def signed_long_ago(kind: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], PresignedPut | str]], object]:
    """Lets a signature be made as if it were yesterday."""

    def yesterday() -> datetime:
        return datetime.now(UTC) - timedelta(days=1)

    def sign(signing: Callable[[], PresignedPut | str]) -> PresignedPut | str:
        with monkeypatch.context() as patch:
            patch.setattr("funmagic.storage.local.utcnow", yesterday)
            return signing()

    return sign


@pytest.fixture
def drafts() -> Path:
    """Where the local store keeps bytes on their way in."""
    return get_settings().storage_dir / "drafts"
