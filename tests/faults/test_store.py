"""The S3 store is down, silent or slow while a photo is looked at, read, or a result is stored."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr

from funmagic.core.settings import Settings, get_settings
from funmagic.core.storage import current
from funmagic.core.storage.setup import setup_buckets
from tests.factories import balance_of, upload_photo
from tests.faults.gateway import Gateway, Mood
from tests.faults.product import Product, RunRequest
from tests.s3_server import ACCESS_KEY, SECRET_KEY, S3Server

POINTS = {
    "reading-the-photo": "before worker.runs.subject._read_file",
    "storing-the-result": "before worker.runs.run.store_outputs",
}
AWAY: list[Mood] = ["refusing", "silent"]


@pytest.fixture(scope="session")
def gateway(s3_server: S3Server) -> Iterator[Gateway]:
    """A gateway before an S3 store with the product's buckets in it."""
    gateway = Gateway(int(urlsplit(s3_server.url).port or 0))
    secret = SecretStr(SECRET_KEY)
    lines, is_ready = setup_buckets(
        Settings(s3_endpoint=gateway.address, s3_access_key=ACCESS_KEY, s3_secret_key=secret)
    )
    assert is_ready, lines
    yield gateway
    gateway.close()


@pytest.fixture
def store(gateway: Gateway, product: Product, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """The product keeps its files behind the gateway, which is open."""
    gateway.become("open")
    keys = {"s3_endpoint": gateway.address, "s3_public_endpoint": gateway.address, "s3_access_key": ACCESS_KEY}
    for name, value in keys.items():
        monkeypatch.setattr(get_settings(), name, value)
        product.environment[f"FUNMAGIC_{name.upper()}"] = value
    monkeypatch.setattr(get_settings(), "s3_secret_key", SecretStr(SECRET_KEY))
    product.environment["FUNMAGIC_S3_SECRET_KEY"] = SECRET_KEY
    # A store that is silent is given up after twice this; that it is seconds in production is for test_unavailable.py.
    product.pace["funmagic.core.storage.s3.READ_TIMEOUT_S"] = 1.0
    current._make_s3_storage.cache_clear()
    yield gateway
    current._make_s3_storage.cache_clear()


@pytest.mark.parametrize("mood", AWAY)
@pytest.mark.parametrize("point", POINTS)
def test_a_run_waits_for_a_store_that_is_away(product: Product, store: Gateway, point: str, mood: Mood) -> None:
    api = product.start_api()
    product.start("clock")
    worker = product.start("worker", freeze=POINTS[point])
    run = product.submit(api)
    worker.wait_until_frozen()
    store.become(mood)
    worker.thaw()
    worker.wait_until_attempt_ends()
    assert (run.row.status, balance_of(product.viewer).reserved) == ("processing", 5)
    store.become("open")
    run.assert_completed_once()
    assert run.row.attempts == 1


@pytest.mark.parametrize("mood", AWAY)
def test_a_run_is_not_started_without_the_store_and_asking_again_starts_it(
    product: Product, store: Gateway, mood: Mood
) -> None:
    api = product.start_api()
    product.start("clock")
    product.start("worker")
    request = RunRequest(upload_photo(product.viewer))
    with product.visit(api) as client:
        store.become(mood)
        refused = request.send(client)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "STORAGE_UNAVAILABLE")
        assert int(refused.headers["Retry-After"]) > 0
        assert (product.runs(), balance_of(product.viewer).reserved) == (0, 0)
        store.become("open")
        again = request.send(client)
    assert again.status_code == httpx.codes.CREATED
    product.watch(again.json()["task"]["id"], api).assert_completed_once()


def test_a_run_is_done_with_a_store_that_is_slow(product: Product, store: Gateway) -> None:
    api = product.start_api()
    product.start("clock")
    product.start("worker")
    store.become("slow")
    product.submit(api).assert_completed_once()
