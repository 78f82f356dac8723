"""What every answer tells browsers, whoever asks and however it ends: nothing frames it, sniffs it, or keeps it."""

import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from funmagic.api.app import create_api
from funmagic.core.settings import get_settings
from funmagic.funmagic import api as composed
from funmagic.http.headers import middleware
from funmagic.models.users import Role
from tests import factories
from tests.clients import new_client
from tests.security.operations import Operation, Things, list_operations
from tests.security.routes import UNDOCUMENTED

OPERATIONS = list_operations(composed)
SCHEMAS = composed.openapi()["components"]["schemas"]
# The catalogue is everybody's, and asked for with its ETag; the files of the documentation are everybody's too.
KEPT = re.compile(r"/api/(tools(/[\w-]+)?|docs/files/.+)")


@pytest.fixture
def visitor(db: None, redis: None) -> TestClient:
    return browser()


@pytest.fixture
def things() -> Things:
    owner = factories.make_user("alice")
    asset_id = factories.upload_photo(owner)
    task_id = factories.submit(owner, asset_id=asset_id).id
    return Things(owner, {"asset_id": asset_id, "task_id": task_id, "session_id": task_id, "payment_id": task_id})


@pytest.fixture
def https(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(get_settings(), "public_url", "https://magic.example")
    middleware._headers_for_all.cache_clear()
    yield
    middleware._headers_for_all.cache_clear()


def browser(**options: object) -> TestClient:
    return TestClient(composed, base_url="http://localhost:3999", client=("127.0.0.1", 5000), **options)


def assert_complete(answer: Response | httpx.Response) -> None:
    """All headers are there, once each, and say what they should."""
    headers = answer.headers
    names = [name.lower() for name, _ in answer.headers.multi_items()]
    assert {name for name in names if names.count(name) > 1} <= {"set-cookie"}, answer.url
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["referrer-policy"] in (
        "strict-origin-when-cross-origin",
        "strict-origin",
        "no-referrer",
        "same-origin",
    )
    assert_strict(headers["content-security-policy"])
    if not KEPT.fullmatch(answer.url.path):
        assert "no-store" in headers["cache-control"], answer.url


def assert_strict(policy: str) -> None:
    """Nothing but what it names may be loaded, nobody frames it, and no script runs that is not ours."""
    directives = dict(
        directive.split(" ", 1) if " " in directive else (directive, "") for directive in policy.split("; ")
    )
    assert directives["default-src"] == "'none'"
    assert directives["frame-ancestors"] == "'none'"
    assert directives.get("base-uri") == "'none'" or "sandbox" in directives
    for source in ("unsafe-inline", "http:", "https:", " *"):
        assert source not in directives.get("script-src", "")


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_an_operation_answers_everybody_with_all_headers(
    operation: Operation, visitor: TestClient, things: Things
) -> None:
    root = factories.sign_in(browser(), factories.make_user("root", Role.SUPER_ADMIN))
    hers = factories.sign_in(browser(), things.owner)
    # A stream goes on for as long as its run: tests/funmagic/api/streams/test_stream.py looks at one.
    for client in (visitor,) if operation.path.endswith("/stream") else (visitor, hers, root):
        for body in ({}, operation.body(SCHEMAS, things)):
            assert_complete(operation.call(client, things, body))


@pytest.mark.parametrize("line", [line for _, line in UNDOCUMENTED])
def test_what_the_document_leaves_out_answers_with_all_headers(line: str, visitor: TestClient) -> None:
    method, path = line.split()
    root = factories.sign_in(browser(), factories.make_user("root", Role.SUPER_ADMIN))
    for client in (visitor, root):
        for asked in dict.fromkeys((method, "GET", "HEAD", "OPTIONS", "DELETE")):
            assert_complete(client.request(asked, path, follow_redirects=False))


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/api/nothing", b"", 404),
        ("PATCH", "/api/tasks", b"{}", 405),
        ("POST", "/api/auth/sign-in", b"x" * 100_000, 413),
        ("POST", "/api/auth/sign-in", b"{", 422),
        ("GET", "/api/tasks?cursor=nonsense", b"", 401),
        ("GET", "/api/auth/magic-link/verify?token=old", b"", 400),
        ("GET", "/api/docs/files/nothing.js", b"", 404),
        ("GET", "/dashboard/queues/nothing", b"", 401),
    ],
)
def test_a_refusal_has_all_headers(visitor: TestClient, method: str, path: str, content: bytes, status: int) -> None:
    answer = visitor.request(method, path, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    if not path.startswith("/api/docs/files"):
        assert_complete(answer)
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_request_of_another_site_is_refused_with_all_headers(visitor: TestClient) -> None:
    answer = visitor.post("/api/auth/sign-out", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert_complete(answer)


def test_a_defect_is_answered_with_all_headers(db: None, redis: None) -> None:
    api = create_api()

    async def fail() -> None:
        raise RuntimeError

    api.add_api_route("/fails", fail)
    answer = TestClient(api, raise_server_exceptions=False).get("/fails")
    assert answer.status_code == 500
    assert_complete(answer)


def test_a_stored_file_is_kept_by_its_owner_s_browser_only_and_runs_nothing(db: None) -> None:
    from funmagic.core.storage.current import get_storage  # noqa: PLC0415 - a store of this test's settings
    from funmagic.core.storage.protocol import PRIVATE_BUCKET  # noqa: PLC0415

    get_storage().put(PRIVATE_BUCKET, "a/page", b"<script>alert(1)</script>", mime="text/html")
    answer = browser().get(get_storage().presign_get(PRIVATE_BUCKET, "a/page"))
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert answer.headers["cache-control"] == "private, max-age=3600"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_refused_websocket_has_all_headers_too(web: str) -> None:
    address = f"{web.replace('http', 'ws')}/_event/?EIO=4&transport=websocket"
    with pytest.raises(InvalidStatus) as refused, connect(address, origin="https://evil.example"):
        pass
    headers = refused.value.response.headers
    assert refused.value.response.status_code == 403
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/tools", "/nowhere", "/_event", "/ping", "/_upload"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
def test_what_reflex_answers_has_all_headers(web: str, path: str, method: str) -> None:
    with new_client() as client:
        for headers in ({}, {"Origin": web, "Access-Control-Request-Method": "POST"}):
            answer = client.request(method, web + path, headers=headers)
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "content-security-policy" in answer.headers


def test_browsers_that_come_by_https_are_told_to_stay_with_it(visitor: TestClient, https: None) -> None:
    assert visitor.get("/healthz").headers["strict-transport-security"] == "max-age=31536000"


def test_nobody_is_told_so_where_there_is_no_https(visitor: TestClient) -> None:
    assert "strict-transport-security" not in visitor.get("/healthz").headers
