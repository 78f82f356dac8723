from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.requests import ClientDisconnect, Request

from funmagic.settings import get_settings
from funmagic.storage.current import get_storage
from funmagic.storage.protocol import PRIVATE_BUCKET, ObjectInfo, PresignedPut, Storage
from funmagic.storage.routes import put_object

PHOTO = b"the bytes of a photo"
PNG = {"Content-Type": "image/png"}


def sign(storage: Storage) -> PresignedPut:
    return storage.presign_put(PRIVATE_BUCKET, "a/photo", mime="image/png", size=len(PHOTO))


def in_pieces(data: bytes) -> Iterator[bytes]:
    """A body that is streamed, so that no length is declared."""
    for start in range(0, len(data), 7):
        yield data[start : start + 7]


@pytest.fixture(autouse=True)
def no_drafts_left(drafts: Path) -> Iterator[None]:
    before = set(drafts.glob("*"))
    yield
    assert set(drafts.glob("*")) == before


def test_the_signed_request_stores_the_object(storage: Storage, http: httpx2.Client) -> None:
    signed = sign(storage)
    assert (signed.method, signed.headers) == ("PUT", PNG)
    assert http.request(signed.method, signed.url, content=PHOTO, headers=signed.headers).status_code == 200
    assert storage.get(PRIVATE_BUCKET, "a/photo") == PHOTO
    assert storage.head(PRIVATE_BUCKET, "a/photo") == ObjectInfo(len(PHOTO), "image/png")


def test_a_streamed_body_of_the_signed_length_is_fine(storage: Storage, http: httpx2.Client) -> None:
    assert http.put(sign(storage).url, content=in_pieces(PHOTO), headers=PNG).status_code == 200
    assert storage.get(PRIVATE_BUCKET, "a/photo") == PHOTO


def without(url: httpx2.URL, name: str) -> httpx2.URL:
    return url.copy_remove_param(name)


CHANGES: dict[str, Callable[[httpx2.URL], httpx2.URL]] = {
    "another signature": lambda url: url.copy_set_param("signature", "0" * 64),
    "no signature": lambda url: without(url, "signature"),
    "a signature that is no ASCII": lambda url: url.copy_set_param("signature", "é" * 64),
    "another key": lambda url: url.copy_with(path=url.path.replace("a/photo", "a/other")),
    "a key above": lambda url: url.copy_with(raw_path=url.raw_path.replace(b"a/photo", b"a/..%2f..%2fphoto")),
    "another bucket": lambda url: url.copy_with(path=url.path.replace(PRIVATE_BUCKET, "public")),
    "a later end": lambda url: url.copy_set_param("expires", "99999999999"),
    "no end": lambda url: without(url, "expires"),
    "another signed type": lambda url: url.copy_set_param("type", "text/html"),
    "another signed length": lambda url: url.copy_set_param("size", "1000000"),
    "one more term": lambda url: url.copy_add_param("filename", "x.html"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_address_is_refused(storage: Storage, http: httpx2.Client, change: str) -> None:
    url = CHANGES[change](httpx2.URL(sign(storage).url))
    assert http.put(url, content=PHOTO, headers=PNG).status_code == 403
    assert storage.head(PRIVATE_BUCKET, "a/photo") is None


def test_an_expired_address_is_refused(
    storage: Storage, http: httpx2.Client, signed_long_ago: Callable[[Any], PresignedPut]
) -> None:
    signed = signed_long_ago(lambda: sign(storage))
    assert http.put(signed.url, content=PHOTO, headers=PNG).status_code == 403


def test_an_address_to_read_cannot_write(storage: Storage, http: httpx2.Client) -> None:
    url = storage.presign_get(PRIVATE_BUCKET, "a/photo")
    assert http.put(url, content=PHOTO, headers=PNG).status_code == 403
    assert storage.head(PRIVATE_BUCKET, "a/photo") is None


@pytest.mark.parametrize("mime", ["text/html", "image/svg+xml", "image/png; charset=utf-8", None])
def test_another_type_is_refused(storage: Storage, http: httpx2.Client, mime: str | None) -> None:
    headers = {"Content-Type": mime} if mime else {}
    assert http.put(sign(storage).url, content=PHOTO, headers=headers).status_code == 403
    assert storage.head(PRIVATE_BUCKET, "a/photo") is None


@pytest.mark.parametrize("data", [PHOTO[:-1], PHOTO + b"!", b""])
@pytest.mark.parametrize("streamed", [False, True], ids=["declared", "streamed"])
def test_another_length_is_refused(storage: Storage, http: httpx2.Client, data: bytes, *, streamed: bool) -> None:
    answer = http.put(sign(storage).url, content=in_pieces(data) if streamed else data, headers=PNG)
    assert answer.status_code in (400, 403)
    assert answer.json()["error"]["code"] in ("INCOMPLETE_BODY", "SIGNATURE_MISMATCH")
    assert storage.head(PRIVATE_BUCKET, "a/photo") is None


def test_a_body_that_goes_on_is_cut_off_at_once(storage: Storage, http: httpx2.Client) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 100_000_000:
            sent += 65_536
            yield bytes(65_536)

    assert http.put(sign(storage).url, content=endless(), headers=PNG).status_code == 400
    assert storage.head(PRIVATE_BUCKET, "a/photo") is None


async def test_an_upload_that_breaks_off_leaves_nothing(storage: Storage) -> None:
    messages = [
        {"type": "http.request", "body": PHOTO[:5], "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    scope = {"type": "http", "method": "PUT", "headers": [(b"content-type", b"image/png")]}
    terms = {"type": "image/png", "size": str(len(PHOTO))}
    with pytest.raises(ClientDisconnect):
        await put_object(PRIVATE_BUCKET, "a/photo", Request(scope, receive), terms)
    assert storage.head(PRIVATE_BUCKET, "a/photo") is None


def test_a_failed_upload_leaves_the_object_before_it(storage: Storage, http: httpx2.Client) -> None:
    storage.put(PRIVATE_BUCKET, "a/photo", b"before", mime="image/gif")
    assert http.put(sign(storage).url, content=in_pieces(PHOTO[:-1]), headers=PNG).status_code == 400
    assert storage.get(PRIVATE_BUCKET, "a/photo") == b"before"


def test_the_address_lies_on_the_public_address(storage: Storage) -> None:
    assert get_storage() is storage
    assert sign(storage).url.startswith(f"{get_settings().public_url}/storage/")
