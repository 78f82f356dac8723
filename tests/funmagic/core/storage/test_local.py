"""What only the local store promises, which serves its own addresses from the product's own port."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from starlette.requests import ClientDisconnect, Request

from funmagic.api.app import create_api
from funmagic.api.resources.storage import put_object
from funmagic.core.settings import get_settings
from funmagic.core.storage.local import LocalStorage
from funmagic.core.storage.protocol import PRIVATE_BUCKET, ObjectMissing, PresignedPut, StorageUnavailable
from worker.upkeep.sweeps import sweep_everything

PHOTO = b"the bytes of a photo"
PNG = {"Content-Type": "image/png"}

pytestmark = pytest.mark.parametrize("kind", ["local"], indirect=True)


def sign(storage: LocalStorage) -> PresignedPut:
    return storage.presign_put(PRIVATE_BUCKET, "a/photo", mime="image/png", size=len(PHOTO))


def objects() -> set[Path]:
    return set((get_settings().storage_dir / "buckets").rglob("*"))


@pytest.fixture(autouse=True)
def no_drafts_left(drafts: Path) -> Iterator[None]:
    before = set(drafts.glob("*"))
    yield
    assert set(drafts.glob("*")) == before


def test_the_addresses_lie_on_the_public_address(storage: LocalStorage) -> None:
    for url in (sign(storage).url, storage.presign_get(PRIVATE_BUCKET, "a/photo")):
        assert url.startswith(f"{get_settings().public_url}/storage/")


@pytest.mark.parametrize("key", ["../photo", "../../photo", "../private-too/photo", "/etc/passwd", "", "a/photo.facts"])
def test_a_key_that_would_leave_its_bucket_writes_nothing(storage: LocalStorage, key: str) -> None:
    before = objects()
    with pytest.raises(ObjectMissing):
        storage.put(PRIVATE_BUCKET, key, PHOTO, mime="image/png")
    assert objects() == before


@pytest.mark.parametrize("key", ["../photo", "a/../../../photo", "a/photo.facts"])
def test_a_signed_key_outside_is_not_found(storage: LocalStorage, http: httpx2.Client, key: str) -> None:
    url = storage.presign_get(PRIVATE_BUCKET, key).replace("..", "%2e%2e")
    assert http.get(url).status_code in (403, 404)


@pytest.mark.parametrize(("term", "value"), [("type", "text/html"), ("size", "1000000")])
def test_another_signed_term_is_refused(storage: LocalStorage, http: httpx2.Client, term: str, value: str) -> None:
    url = httpx2.URL(sign(storage).url).copy_set_param(term, value)
    answer = http.put(url, content=PHOTO, headers=PNG)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "SIGNATURE_MISMATCH")
    assert storage.head(PRIVATE_BUCKET, "a/photo") is None


def test_a_stored_file_can_never_run_as_a_page_of_ours(storage: LocalStorage, http: httpx2.Client) -> None:
    storage.put(PRIVATE_BUCKET, "a/photo", b"<script>alert(1)</script>", mime="text/html")
    headers = http.get(storage.presign_get(PRIVATE_BUCKET, "a/photo")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]


def test_a_streamed_body_of_the_signed_length_is_fine(storage: LocalStorage, http: httpx2.Client) -> None:
    assert http.put(sign(storage).url, content=iter([PHOTO[:7], PHOTO[7:]]), headers=PNG).status_code == 200
    assert storage.get(PRIVATE_BUCKET, "a/photo") == PHOTO


@pytest.mark.parametrize("data", [PHOTO[:-1], PHOTO + b"!", b""])
@pytest.mark.parametrize("streamed", [False, True], ids=["declared", "streamed"])
def test_another_length_is_named(storage: LocalStorage, http: httpx2.Client, data: bytes, *, streamed: bool) -> None:
    answer = http.put(sign(storage).url, content=iter([data]) if streamed else data, headers=PNG)
    assert answer.json()["error"]["code"] in ("INCOMPLETE_BODY", "SIGNATURE_MISMATCH")


def test_a_body_that_goes_on_is_cut_off_at_once(storage: LocalStorage, http: httpx2.Client) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 100_000_000:
            sent += 65_536
            yield bytes(65_536)

    assert http.put(sign(storage).url, content=endless(), headers=PNG).status_code == 400
    assert storage.head(PRIVATE_BUCKET, "a/photo") is None


async def test_an_upload_that_breaks_off_leaves_nothing(storage: LocalStorage) -> None:
    messages = [
        {"type": "http.request", "body": PHOTO[:5], "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    scope = {"type": "http", "method": "PUT", "headers": [(b"content-type", b"image/png")]}
    terms = {"type": "image/png", "size": str(len(PHOTO))}
    with pytest.raises(ClientDisconnect):
        await put_object(PRIVATE_BUCKET, "a/photo", Request(scope, receive), terms, storage)
    assert storage.head(PRIVATE_BUCKET, "a/photo") is None


def test_a_disk_that_cannot_be_used_is_storage_that_is_unavailable(kind: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    storage = LocalStorage(tmp_path / "file", b"key", "http://localhost")
    for act in (
        lambda: storage.put(PRIVATE_BUCKET, "a/photo", PHOTO, mime="image/png"),
        lambda: storage.get(PRIVATE_BUCKET, "a/photo"),
        lambda: storage.head(PRIVATE_BUCKET, "a/photo"),
        lambda: storage.delete(PRIVATE_BUCKET, "a/photo"),
    ):
        with pytest.raises(StorageUnavailable):
            act()


def test_its_addresses_are_dead_while_files_live_in_s3(
    storage: LocalStorage, http: TestClient, use_s3: Callable[..., None]
) -> None:
    storage.put(PRIVATE_BUCKET, "a/photo", PHOTO, mime="image/png")
    reading, writing = storage.presign_get(PRIVATE_BUCKET, "a/photo"), sign(storage).url
    use_s3("http://127.0.0.1:1")
    other = TestClient(create_api())
    for answer in (other.get(reading), other.put(writing, content=b"x" * len(PHOTO), headers=PNG)):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")
    assert storage.get(PRIVATE_BUCKET, "a/photo") == PHOTO


def test_the_clock_sweeps_drafts_of_a_day_ago_while_files_live_here(
    storage: LocalStorage, db: None, redis: None
) -> None:
    old, fresh = storage.new_draft(), storage.new_draft()
    for draft in (old, fresh):
        draft.write_bytes(PHOTO)
    yesterday = time.time() - 25 * 3600
    os.utime(old, (yesterday, yesterday))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("funmagic.core.settings.Settings.uses_s3", True)
        sweep_everything()
    assert (old.exists(), fresh.exists()) == (True, True)
    sweep_everything()
    assert (old.exists(), fresh.exists()) == (False, True)
    fresh.unlink()
