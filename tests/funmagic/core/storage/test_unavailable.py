"""A store that is down, silent, broken or that refuses us costs a request seconds, and is told in plain words."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from funmagic.core.db import get_engine, reading, transaction
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import PRIVATE_BUCKET, PUBLIC_BUCKET, Storage, StorageUnavailable
from funmagic.core.storage.s3 import ATTEMPTS, CONNECT_TIMEOUT_S, READ_TIMEOUT_S
from funmagic.library.uploads import UploadPurpose, create_upload, remove_discarded, sweep_unused_uploads
from funmagic.models.assets import Asset
from funmagic.models.base import utcnow
from funmagic.sessions.viewer import Viewer
from tests import factories

# Twice connecting and twice waiting; minutes would be a defect.
LONGEST_WAIT_S = 30
NOWHERE = "http://127.0.0.1:1"
SENTENCE = "Our file storage cannot be reached right now. Nothing was charged. Please try again in a minute."


class Broken(BaseHTTPRequestHandler):
    """A store of which only the front door is left."""

    def do_GET(self) -> None:
        self.send_response(502)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names that the base class looks for

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A port where connections are taken and nothing is ever answered."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def broken() -> Iterator[str]:
    """A store that answers 502 to everything."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Broken)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def address_of(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture(params=["refused", "broken", "wrong key"])
def trouble(request: pytest.FixtureRequest, use_s3: Callable[..., None]) -> Storage:
    """A store with one kind of trouble."""
    kind = request.param
    if kind == "refused":
        use_s3(NOWHERE)
    elif kind == "broken":
        use_s3(request.getfixturevalue("broken"))
    else:
        use_s3(request.getfixturevalue("s3_buckets"), s3_access_key="somebody-else")
    return get_storage()


ACTIONS: dict[str, Callable[[Storage], object]] = {
    "head": lambda storage: storage.head(PRIVATE_BUCKET, "a/photo"),
    "delete": lambda storage: storage.delete(PRIVATE_BUCKET, "a/photo"),
    "get": lambda storage: storage.get(PRIVATE_BUCKET, "a/photo"),
    "put": lambda storage: storage.put(PRIVATE_BUCKET, "a/photo", b"photo", mime="image/png"),
    "copy": lambda storage: storage.copy(PRIVATE_BUCKET, "a/photo", to_bucket=PUBLIC_BUCKET, to_key="b"),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_a_store_in_trouble_is_unavailable(trouble: Storage, action: str) -> None:
    with pytest.raises(StorageUnavailable):
        ACTIONS[action](trouble)


def test_a_store_that_is_silent_is_given_up_within_seconds(
    use_s3: Callable[..., None], silent: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ATTEMPTS * (CONNECT_TIMEOUT_S + READ_TIMEOUT_S) < LONGEST_WAIT_S
    monkeypatch.setattr("funmagic.core.storage.s3.READ_TIMEOUT_S", 0.5)
    use_s3(address_of(silent))
    with pytest.raises(StorageUnavailable):
        get_storage().head(PRIVATE_BUCKET, "a/photo")
    silent.setblocking(False)
    assert all(silent.accept() for _ in range(ATTEMPTS))
    with pytest.raises(BlockingIOError):
        silent.accept()


def test_a_bucket_that_was_never_made_is_trouble_and_no_missing_object(
    s3_buckets: str, use_s3: Callable[..., None]
) -> None:
    use_s3(s3_buckets, s3_bucket_private="never-made")
    with pytest.raises(StorageUnavailable):
        get_storage().get(PRIVATE_BUCKET, "a/photo")


def test_signing_goes_on_while_the_store_is_down(use_s3: Callable[..., None], alice_client: TestClient) -> None:
    use_s3(NOWHERE)
    body = {"filename": "photo.png", "contentType": "image/png", "size": 1000}
    assert alice_client.post("/api/upload", json=body).status_code == 201


def test_a_run_that_cannot_be_started_costs_nothing_and_says_why(
    use_s3: Callable[..., None], alice: Viewer, alice_client: TestClient
) -> None:
    use_s3(NOWHERE)
    body = {"toolSlug": "background-remove", "input": {"assetId": promised_upload(alice)}}
    answer = alice_client.post("/api/tasks", json=body)
    assert answer.status_code == 503
    assert answer.json()["error"] == {"code": "STORAGE_UNAVAILABLE", "message": SENTENCE, "details": {}}
    assert int(answer.headers["retry-after"]) > 0
    assert alice_client.get("/api/tasks").json()["tasks"] == []
    balance = factories.balance_of(alice)
    assert (balance.available, balance.reserved) == (100, 0)


def test_no_transaction_waits_for_the_store(
    use_s3: Callable[..., None],
    silent: socket.socket,
    alice: Viewer,
    alice_client: TestClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("funmagic.core.storage.s3.READ_TIMEOUT_S", 600)  # it waits until this test has seen enough
    use_s3(address_of(silent))
    body = {"toolSlug": "background-remove", "input": {"assetId": promised_upload(alice)}}
    answers: list[int] = []
    asking = threading.Thread(target=lambda: answers.append(alice_client.post("/api/tasks", json=body).status_code))
    asking.start()
    connection, _ = silent.accept()  # now it waits for the store
    factories.wait_until(lambda: get_engine().pool.checkedout() == 0)
    factories.make_user("somebody-else")
    connection.close()
    silent.close()
    asking.join()
    assert answers == [503]


def test_swept_uploads_wait_for_a_store_that_is_down(
    s3_buckets: str, use_s3: Callable[..., None], alice: Viewer
) -> None:
    use_s3(s3_buckets)
    asset_id = factories.upload_photo(alice)
    with transaction() as session:
        asset = session.get_one(Asset, asset_id)
        asset.created_at = utcnow() - timedelta(days=2)
    use_s3(NOWHERE)
    sweep()
    assert rows() == [asset_id]
    use_s3(s3_buckets)
    assert get_storage().head(PRIVATE_BUCKET, asset.storage_key) is not None
    sweep()
    assert rows() == []
    assert get_storage().head(PRIVATE_BUCKET, asset.storage_key) is None


def sweep() -> None:
    with transaction() as session:
        sweep_unused_uploads(session)
    with suppress(StorageUnavailable):
        remove_discarded()


def rows() -> list[str]:
    with reading() as session:
        return list(session.exec(select(Asset.id)).all())


def promised_upload(viewer: Viewer) -> str:
    """The id of an asset whose file the server has not looked at."""
    with transaction() as session:
        upload = create_upload(
            session, viewer, filename="photo.png", mime="image/png", size=1000, purpose=UploadPurpose.TOOL_INPUT
        )
    return upload.asset_id
