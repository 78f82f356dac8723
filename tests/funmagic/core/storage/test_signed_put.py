from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from funmagic.core.storage.protocol import PRIVATE_BUCKET, PUBLIC_BUCKET, ObjectInfo, PresignedPut, Storage
from tests.funmagic.core.storage.terms import Terms

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


CHANGES: dict[str, Callable[[httpx2.URL, Terms], httpx2.URL]] = {
    "another signature": lambda url, terms: url.copy_set_param(terms.signature, "0" * 64),
    "no signature": lambda url, terms: url.copy_remove_param(terms.signature),
    "a signature that is no ASCII": lambda url, terms: url.copy_set_param(terms.signature, "é" * 64),
    "another key": lambda url, _: url.copy_with(path=url.path.replace("a/photo", "a/other")),
    "a key above": lambda url, _: url.copy_with(raw_path=url.raw_path.replace(b"a/photo", b"a/..%2f..%2fphoto")),
    "another bucket": lambda url, _: url.copy_with(path=url.path.replace(PRIVATE_BUCKET, PUBLIC_BUCKET)),
    "a later end": lambda url, terms: url.copy_set_param(terms.expires, terms.later),
    "no end": lambda url, terms: url.copy_remove_param(terms.expires),
    "one more term": lambda url, terms: url.copy_add_param(terms.download, "x.html"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_address_is_refused(storage: Storage, http: httpx2.Client, terms: Terms, change: str) -> None:
    url = CHANGES[change](httpx2.URL(sign(storage).url), terms)
    assert http.put(url, content=PHOTO, headers=PNG).status_code in (400, 403)
    assert storage.head(PRIVATE_BUCKET, "a/photo") is None
    assert storage.head(PUBLIC_BUCKET, "a/photo") is None
    assert storage.head(PRIVATE_BUCKET, "a/other") is None


def test_an_expired_address_is_refused(
    storage: Storage, http: httpx2.Client, signed_long_ago: Callable[[Any], PresignedPut]
) -> None:
    signed = signed_long_ago(lambda: sign(storage))
    assert http.put(signed.url, content=PHOTO, headers=PNG).status_code == 403
    assert storage.head(PRIVATE_BUCKET, "a/photo") is None


def test_an_address_to_read_cannot_write(storage: Storage, http: httpx2.Client) -> None:
    url = storage.presign_get(PRIVATE_BUCKET, "a/photo")
    assert http.put(url, content=PHOTO, headers=PNG).status_code == 403
    assert storage.head(PRIVATE_BUCKET, "a/photo") is None


@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH"])
def test_another_method_is_refused(storage: Storage, http: httpx2.Client, method: str) -> None:
    storage.put(PRIVATE_BUCKET, "a/photo", b"before", mime="image/gif")
    answer = http.request(method, sign(storage).url, content=PHOTO, headers=PNG)
    assert 400 <= answer.status_code < 500
    assert storage.get(PRIVATE_BUCKET, "a/photo") == b"before"


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
    assert storage.head(PRIVATE_BUCKET, "a/photo") is None


def test_a_failed_upload_leaves_the_object_before_it(storage: Storage, http: httpx2.Client) -> None:
    storage.put(PRIVATE_BUCKET, "a/photo", b"before", mime="image/gif")
    assert http.put(sign(storage).url, content=in_pieces(PHOTO[:-1]), headers=PNG).status_code in (400, 403)
    assert storage.get(PRIVATE_BUCKET, "a/photo") == b"before"
