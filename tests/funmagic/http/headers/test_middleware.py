"""The headers of built pages and of their files: what they may run and load, and how long browsers keep them."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from fastapi.testclient import TestClient

from funmagic.core.settings import get_settings
from funmagic.core.storage import current
from funmagic.http.headers import built_pages, policies
from funmagic.http.headers.middleware import AnswerHeaders

OWN_SCRIPT, OTHER_SCRIPT = "let theme = 1;\n", "import '/assets/a-12345678.js'"


def hash_of(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A browser before a small build of three pages."""
    src = '<script type="module" src="/assets/a-12345678.js"></script>'
    for name, scripts in {
        "index.html": [OWN_SCRIPT],
        "tools/index.html": [OWN_SCRIPT, OTHER_SCRIPT],
        "404.html": [],
    }.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("".join(f'<script type="module" async="">{script}</script>' for script in scripts) + src)
    for name in ("assets/a-12345678.js", "assets/plain.js", "ui/logo.svg", "reset-password/index.html"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    monkeypatch.setattr(built_pages, "BUILT_DIR", tmp_path)
    clear()
    app = FastAPI()
    app.mount("/", StaticFiles(directory=tmp_path, html=True))
    yield TestClient(AnswerHeaders(app))
    clear()


def clear() -> None:
    for kept in (
        built_pages._scripts_by_address,
        policies._policy_for,
        policies._store_origins,
        current._make_s3_storage,
    ):
        kept.cache_clear()


def directives(browser: TestClient, path: str) -> dict[str, list[str]]:
    policy = browser.get(path).headers["content-security-policy"]
    return {name: values for name, *values in (directive.split() for directive in policy.split("; "))}


def test_a_page_runs_the_scripts_that_stand_in_it_and_no_others(browser: TestClient) -> None:
    for path in ("/", "/index.html"):
        assert directives(browser, path)["script-src"] == ["'self'", "'unsafe-eval'", hash_of(OWN_SCRIPT)]
    for path in ("/tools/", "/tools/index.html"):
        sources = directives(browser, path)["script-src"]
        assert sources == ["'self'", "'unsafe-eval'", hash_of(OWN_SCRIPT), hash_of(OTHER_SCRIPT)]
    assert directives(browser, "/nowhere")["script-src"] == ["'self'", "'unsafe-eval'"]


def test_a_page_that_is_unchanged_keeps_its_policy(browser: TestClient) -> None:
    first = browser.get("/tools/")
    again = browser.get("/tools/", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]


def test_photos_and_sockets_go_to_the_store_and_to_us(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = get_settings()
    monkeypatch.setattr(settings, "s3_access_key", "app")
    monkeypatch.setattr(settings, "s3_secret_key", settings.s3_secret_key.__class__("secret"))
    monkeypatch.setattr(settings, "s3_public_endpoint", "https://files.magic.example")
    monkeypatch.setattr(settings, "public_url", "https://magic.example")
    clear()
    found = directives(browser, "/tools/")
    assert found["connect-src"] == ["'self'", "wss://magic.example", "blob:", "data:", "https://files.magic.example"]
    assert found["img-src"] == ["'self'", "data:", "blob:", "https://files.magic.example"]
    monkeypatch.setattr(settings, "s3_addressing_style", "virtual")
    clear()
    origins = {
        f"https://{bucket}.files.magic.example" for bucket in ("funmagic-private", "funmagic-public", "funmagic-admin")
    }
    assert origins <= set(directives(browser, "/tools/")["connect-src"])


def test_what_is_no_page_runs_nothing(browser: TestClient) -> None:
    for path in ("/ui/logo.svg", "/assets/a-12345678.js"):
        assert directives(browser, path)["default-src"] == ["'none'"]
        assert "script-src" not in directives(browser, path)


def test_a_page_whose_address_holds_a_secret_tells_it_nobody(browser: TestClient) -> None:
    for path in ("/reset-password/", "/reset-password/?token=x", "/reset-password/index.html"):
        assert browser.get(path).headers["referrer-policy"] == "no-referrer"
    assert browser.get("/tools/").headers["referrer-policy"] == "strict-origin-when-cross-origin"


def test_browsers_ask_again_for_pages_keep_hashed_files_for_ever_and_pictures_for_a_day(browser: TestClient) -> None:
    kept = {
        path: browser.get(path).headers["cache-control"]
        for path in ("/", "/nowhere", "/assets/a-12345678.js", "/ui/logo.svg")
    }
    assert kept == {
        "/": "no-cache",
        "/nowhere": "no-cache",
        "/assets/a-12345678.js": "public, max-age=31536000, immutable",
        "/ui/logo.svg": "public, max-age=86400",
    }


@pytest.mark.parametrize("path", ["/assets/plain.js", "/assets/gone-a1B2c3D4.js", "/showcase/gone.webp"])
def test_what_has_no_hash_or_is_not_there_is_not_kept(browser: TestClient, path: str) -> None:
    assert browser.get(path).headers["cache-control"] in ("no-cache", "no-store")
