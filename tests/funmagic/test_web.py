"""What surrounds the application: pages at their own addresses."""

from pathlib import Path

import pytest
from fastapi import FastAPI, Response
from fastapi.testclient import TestClient

from funmagic import web
from funmagic.ui.reflex_seams.page_origin import BACKEND_URL, use_page_origin
from funmagic.web import PagesWithoutSlash


@pytest.fixture
def browser() -> TestClient:
    """A browser before an application whose page lies at /tools/, with a slash, as the file server wants it."""
    app = FastAPI(redirect_slashes=False)

    @app.get("/tools/")
    def page() -> Response:
        return Response("the page", media_type="text/html")

    return TestClient(PagesWithoutSlash(app, frozenset({"/tools"})))


@pytest.mark.parametrize("address", ["/tools", "/tools/", "/tools?task=1"])
def test_a_page_is_answered_at_its_own_address(browser: TestClient, address: str) -> None:
    answer = browser.get(address, follow_redirects=False)
    assert (answer.status_code, answer.text) == (200, "the page")


def test_the_built_pages_are_those_with_an_index_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for page in ("index.html", "tools/index.html", "tools/background-remove/index.html", "assets/app.js"):
        (tmp_path / page).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / page).touch()
    monkeypatch.setattr(web, "BUILT_DIR", tmp_path)
    assert web._built_pages() == {"/tools", "/tools/background-remove"}


def test_a_built_page_talks_to_the_host_it_came_from() -> None:
    changed = use_page_origin(f"a;\n{BACKEND_URL}\nb;")
    assert "window.location.origin" in changed
    assert use_page_origin(changed) == changed


def test_a_reflex_that_makes_its_address_otherwise_is_noticed_at_build_time() -> None:
    with pytest.raises(RuntimeError, match="SameOrigin"):
        use_page_origin("something else")
