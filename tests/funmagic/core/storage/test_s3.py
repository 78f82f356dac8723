"""What only an S3 store has: buckets with readers, other origins, and addresses of other shapes."""

from collections.abc import Callable
from urllib.parse import urlsplit

import httpx2
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from funmagic.cli import app
from funmagic.core.settings import Settings, get_settings
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import ADMIN_BUCKET, PRIVATE_BUCKET, PUBLIC_BUCKET, Storage
from funmagic.core.storage.s3 import S3Storage
from funmagic.core.storage.setup import NOT_CONFIGURED, setup_buckets
from tests.factories import run_together
from tests.s3_server import ACCESS_KEY, SECRET_KEY

PHOTO = b"the bytes of a photo"
NOWHERE = "http://127.0.0.1:1"


def settings(endpoint: str, **more: str) -> Settings:
    return Settings(s3_endpoint=endpoint, s3_access_key=ACCESS_KEY, s3_secret_key=SecretStr(SECRET_KEY), **more)


def preflight(url: str, origin: str, method: str = "PUT") -> httpx2.Response:
    """What a browser asks before a page of this origin may send such a request."""
    wanted = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "content-type"}
    return httpx2.options(url, headers={"Origin": origin} | wanted)


@pytest.fixture
def upload_url(s3: Storage) -> str:
    return s3.presign_put(PRIVATE_BUCKET, "a/photo", mime="image/png", size=len(PHOTO)).url


def test_signing_asks_nobody_and_names_the_bucket_in_the_path() -> None:
    storage = S3Storage(settings("https://store.example.com", s3_bucket_private="mine"))
    signed = urlsplit(storage.presign_put(PRIVATE_BUCKET, "a/photo", mime="image/png", size=20).url)
    assert (signed.netloc, signed.path) == ("store.example.com", "/mine/a/photo")
    assert "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost" in signed.query
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in signed.query
    assert "X-Amz-Expires=900" in signed.query


def test_the_virtual_style_names_the_bucket_in_the_host() -> None:
    storage = S3Storage(settings("https://store.example.com", s3_addressing_style="virtual"))
    signed = urlsplit(storage.presign_get(PUBLIC_BUCKET, "a/photo"))
    assert (signed.netloc, signed.path) == ("funmagic-public.store.example.com", "/a/photo")
    assert "X-Amz-Expires=3600" in signed.query


def test_without_an_endpoint_it_is_aws_in_the_chosen_region() -> None:
    storage = S3Storage(settings("", s3_region="eu-central-1"))
    signed = urlsplit(storage.presign_get(ADMIN_BUCKET, "a/photo"))
    assert (signed.netloc, signed.path) == ("s3.eu-central-1.amazonaws.com", "/funmagic-admin/a/photo")
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in signed.query


def test_browsers_are_sent_to_the_public_endpoint_and_it_accepts_them(
    s3_buckets: str, use_s3: Callable[..., None]
) -> None:
    public = s3_buckets.replace("127.0.0.1", "localhost")
    use_s3(s3_buckets, s3_public_endpoint=public)
    signed = get_storage().presign_put(PRIVATE_BUCKET, "a/public", mime="image/png", size=len(PHOTO))
    assert signed.url.startswith(f"{public}/funmagic-private/a/public?")
    assert httpx2.put(signed.url, content=PHOTO, headers=signed.headers).status_code == 200
    url = get_storage().presign_get(PRIVATE_BUCKET, "a/public")
    assert url.startswith(public)
    assert httpx2.get(url).content == PHOTO
    # The host is signed: the same address at the servers' own endpoint is another one.
    assert httpx2.get(url.replace(public, s3_buckets)).status_code == 403


def test_threads_that_come_at_once_share_one_store(use_s3: Callable[..., None]) -> None:
    use_s3(NOWHERE)
    assert len(set(map(id, run_together(8, get_storage)))) == 1


def test_signed_headers_cannot_be_left_out(upload_url: str, s3: Storage) -> None:
    s3.delete(PRIVATE_BUCKET, "a/photo")
    url = httpx2.URL(upload_url).copy_set_param("X-Amz-SignedHeaders", "host")
    assert httpx2.put(url, content=b"<script>", headers={"Content-Type": "text/html"}).status_code == 403
    assert s3.head(PRIVATE_BUCKET, "a/photo") is None


def test_an_object_is_shown_unless_a_name_makes_it_a_download(s3: Storage) -> None:
    s3.put(PRIVATE_BUCKET, "a/photo", PHOTO, mime="image/png")
    shown = httpx2.get(s3.presign_get(PRIVATE_BUCKET, "a/photo")).headers
    assert "content-disposition" not in shown
    assert shown["cache-control"] == "private, max-age=3600"
    for name, disposition in {
        "photo.png": 'attachment; filename="photo.png"',
        "照片 1.png": "attachment; filename*=UTF-8''%E7%85%A7%E7%89%87%201.png",
        'a"\r\nb.png': "attachment; filename*=UTF-8''a%22%0D%0Ab.png",
    }.items():
        headers = httpx2.get(s3.presign_get(PRIVATE_BUCKET, "a/photo", filename=name)).headers
        assert headers["content-disposition"] == disposition


@pytest.mark.parametrize("origin", get_settings().allowed_origins)
def test_a_page_of_ours_may_upload_and_read(upload_url: str, origin: str) -> None:
    answer = preflight(upload_url, origin)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert "PUT" in answer.headers["access-control-allow-methods"]
    assert "content-type" in answer.headers["access-control-allow-headers"].lower()
    headers = {"Content-Type": "image/png", "Origin": origin}
    sent = httpx2.put(upload_url, content=PHOTO, headers=headers)
    assert (sent.status_code, sent.headers["access-control-allow-origin"]) == (200, origin)
    assert "etag" in sent.headers["access-control-expose-headers"].lower()
    refused = httpx2.put(upload_url, content=PHOTO + b"!", headers=headers)
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (403, origin)


@pytest.mark.parametrize("origin", ["https://evil.example.com", "http://localhost:1", "null"])
def test_a_page_of_another_site_may_not(upload_url: str, origin: str) -> None:
    answer = preflight(upload_url, origin)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_a_page_of_ours_may_not_delete(upload_url: str) -> None:
    allowed = preflight(upload_url, get_settings().public_url, "DELETE").headers.get("access-control-allow-methods", "")
    assert "DELETE" not in allowed


@pytest.mark.parametrize(("bucket", "status"), [(PRIVATE_BUCKET, 403), (ADMIN_BUCKET, 403), (PUBLIC_BUCKET, 200)])
def test_strangers_read_the_public_bucket_only_and_write_and_list_none(s3: Storage, bucket: str, status: int) -> None:
    s3.put(bucket, "a/open", PHOTO, mime="image/png")
    address = s3.presign_get(bucket, "a/open").partition("?")[0]
    answer = httpx2.get(address)
    assert answer.status_code == status
    assert (answer.content == PHOTO) is (status == 200)
    assert httpx2.put(address, content=b"changed").status_code == 403
    assert httpx2.delete(address).status_code == 403
    assert httpx2.get(address.removesuffix("a/open")).status_code == 403
    assert s3.get(bucket, "a/open") == PHOTO


def test_setting_up_twice_changes_nothing_and_loses_nothing(s3: Storage, s3_buckets: str) -> None:
    s3.put(PRIVATE_BUCKET, "a/kept", PHOTO, mime="image/png")
    lines, is_ready = setup_buckets(settings(s3_buckets))
    assert is_ready
    assert "funmagic-private: is there already" in lines
    assert "funmagic-private: tried out: strangers cannot read its objects" in lines
    assert "funmagic-public: tried out: everybody can read its objects" in lines
    assert s3.get(PRIVATE_BUCKET, "a/kept") == PHOTO


def test_setting_up_finds_a_private_bucket_that_strangers_can_read(
    s3_buckets: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("funmagic.core.storage.setup.RULES_ARRIVE_S", 0)
    # The product's public bucket, as if an operator had chosen it for private files.
    lines, is_ready = setup_buckets(settings(s3_buckets, s3_bucket_private="funmagic-public"))
    assert not is_ready
    assert "funmagic-public: tried out: everybody can read its objects, WHICH MUST NOT BE" in "\n".join(lines)


def test_the_command_sets_up_what_the_settings_name(s3: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "s3_bucket_admin", "another-admin")
    done = CliRunner().invoke(app, ["setup-storage"])
    assert done.exit_code == 0, done.output
    assert "another-admin: made" in done.output
    assert "http://localhost:3999 and http://127.0.0.1:3999" in done.output


def test_the_command_says_when_there_is_nothing_to_set_up() -> None:
    done = CliRunner().invoke(app, ["setup-storage"])
    assert done.exit_code == 1
    assert done.output.strip() == NOT_CONFIGURED


def test_the_command_says_when_the_store_does_not_answer_or_refuses_the_keys(
    s3_buckets: str, use_s3: Callable[..., None]
) -> None:
    for endpoint, key, sentence in [
        (NOWHERE, ACCESS_KEY, "funmagic-private: the store does not answer"),
        (s3_buckets, "somebody-else", "funmagic-private: cannot be used"),
    ]:
        use_s3(endpoint, s3_access_key=key)
        done = CliRunner().invoke(app, ["setup-storage"])
        assert done.exit_code == 1
        assert sentence in done.output
