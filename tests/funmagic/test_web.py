"""What surrounds the application: pages at their own addresses, and what a start loads."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi import FastAPI, Response
from fastapi.testclient import TestClient

from funmagic import web
from funmagic.ui.reflex_seams.page_origin import BACKEND_URL, use_page_origin
from funmagic.web import PagesWithoutSlash
from tests.servers import PROJECT


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


ANSWER_ONCE = """
import sys
from starlette.testclient import TestClient
from funmagic.web import load_app

client = TestClient(load_app(), base_url="http://localhost:3999")
assert [client.get(path).status_code for path in ("/", "/api/tools", "/healthz")] == [200, 200, 200]
print(*(name for name in sys.argv[1:] if sys.modules.get(name)))
"""
# What only some of its visitors need, or nobody: each costs a start a tenth of a second and some megabytes.
NOT_FOR_A_START = ("aiohttp", "alembic", "authlib", "boto3", "botocore", "flask", "joserfc", "pygments", "rq_dashboard")


def test_a_web_process_has_loaded_only_what_its_first_answers_need(db: None, redis: None, tmp_path: Path) -> None:
    (tmp_path / ".web/build/client").mkdir(parents=True)
    (tmp_path / ".web/build/client/index.html").touch()
    command = [sys.executable, "-c", ANSWER_ONCE, *NOT_FOR_A_START]
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    assert subprocess.check_output(command, cwd=tmp_path, env=environment, text=True) == "\n"
