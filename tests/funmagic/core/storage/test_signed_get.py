from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from funmagic.core.storage.protocol import PRIVATE_BUCKET, PUBLIC_BUCKET, Storage
from tests.funmagic.core.storage.terms import Terms

PHOTO = b"the bytes of a photo"


@pytest.fixture(autouse=True)
def photo(storage: Storage) -> None:
    storage.put(PRIVATE_BUCKET, "a/photo", PHOTO, mime="image/png")


def test_the_signed_address_serves_the_object(storage: Storage, http: httpx2.Client) -> None:
    answer = http.get(storage.presign_get(PRIVATE_BUCKET, "a/photo"))
    assert (answer.status_code, answer.content) == (200, PHOTO)
    assert answer.headers["content-type"] == "image/png"
    assert "content-disposition" not in answer.headers


@pytest.mark.parametrize("filename", ["photo.png", "my photo (1).png", "照片.png", 'a"b;c.png'])
def test_a_download_has_its_filename(storage: Storage, http: httpx2.Client, filename: str) -> None:
    answer = http.get(storage.presign_get(PRIVATE_BUCKET, "a/photo", filename=filename))
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith("attachment; ")
    assert quote(filename) in disposition or f'filename="{filename}"' in disposition
    assert answer.content == PHOTO


@pytest.mark.parametrize(("wanted", "part"), [("0-2", PHOTO[:3]), ("4-", PHOTO[4:]), ("-5", PHOTO[-5:])])
def test_a_range_is_served(storage: Storage, http: httpx2.Client, wanted: str, part: bytes) -> None:
    answer = http.get(storage.presign_get(PRIVATE_BUCKET, "a/photo"), headers={"Range": f"bytes={wanted}"})
    assert (answer.status_code, answer.content) == (206, part)


def test_a_range_beyond_the_end_is_refused(storage: Storage, http: httpx2.Client) -> None:
    answer = http.get(storage.presign_get(PRIVATE_BUCKET, "a/photo"), headers={"Range": "bytes=1000-"})
    assert answer.status_code == 416


CHANGES: dict[str, Callable[[httpx2.URL, Terms], httpx2.URL]] = {
    "another signature": lambda url, terms: url.copy_set_param(terms.signature, "0" * 64),
    "no signature": lambda url, terms: url.copy_remove_param(terms.signature),
    "a signature that is no ASCII": lambda url, terms: url.copy_set_param(terms.signature, "é" * 64),
    "another key": lambda url, _: url.copy_with(path=url.path.replace("a/photo", "a/other")),
    "another bucket": lambda url, _: url.copy_with(path=url.path.replace(PRIVATE_BUCKET, PUBLIC_BUCKET)),
    "a later end": lambda url, terms: url.copy_set_param(terms.expires, terms.later),
    "another name": lambda url, terms: url.copy_set_param(terms.download, "x.exe"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_address_is_refused(storage: Storage, http: httpx2.Client, terms: Terms, change: str) -> None:
    answer = http.get(CHANGES[change](httpx2.URL(storage.presign_get(PRIVATE_BUCKET, "a/photo")), terms))
    assert answer.status_code in (400, 403)
    assert PHOTO not in answer.content


def test_an_expired_address_is_refused(
    storage: Storage, http: httpx2.Client, signed_long_ago: Callable[[Any], str]
) -> None:
    url = signed_long_ago(lambda: storage.presign_get(PRIVATE_BUCKET, "a/photo"))
    assert http.get(url).status_code == 403


def test_an_address_to_write_cannot_read(storage: Storage, http: httpx2.Client) -> None:
    url = storage.presign_put(PRIVATE_BUCKET, "a/photo", mime="image/png", size=len(PHOTO)).url
    assert http.get(url).status_code == 403


def test_an_address_to_read_cannot_delete(storage: Storage, http: httpx2.Client) -> None:
    assert http.delete(storage.presign_get(PRIVATE_BUCKET, "a/photo")).status_code in (403, 405)
    assert storage.get(PRIVATE_BUCKET, "a/photo") == PHOTO


def test_an_object_that_is_not_there_is_not_found(storage: Storage, http: httpx2.Client) -> None:
    assert http.get(storage.presign_get(PRIVATE_BUCKET, "a/nothing")).status_code == 404


@pytest.mark.parametrize("key", ["a/photo with spaces", "a/照片", "a/100%", "a/b#c?d&e=f+g"])
def test_any_character_of_a_key_survives_the_address(storage: Storage, http: httpx2.Client, key: str) -> None:
    storage.put(PRIVATE_BUCKET, key, PHOTO, mime="image/png")
    assert http.get(storage.presign_get(PRIVATE_BUCKET, key)).content == PHOTO
    storage.delete(PRIVATE_BUCKET, key)
