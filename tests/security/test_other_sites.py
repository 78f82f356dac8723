"""What another site cannot do with a browser that is signed in here: no request of its own has any effect."""

import pytest
from fastapi.testclient import TestClient
from websockets.exceptions import InvalidStatus

from funmagic import paths
from funmagic.funmagic import api as composed
from funmagic.http.middleware import SAFE_METHODS
from funmagic.models.users import Role
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.security.operations import Operation, Things, list_operations
from tests.security.rows import rows
from tests.security.tab import open_tab

UNSAFE = [operation for operation in list_operations(composed) if operation.method not in SAFE_METHODS]
SCHEMAS = composed.openapi()["components"]["schemas"]
# Apple's answer is posted from Apple's site; what it says is believed only together with a cookie of ours.
OPEN_TO_OTHERS = {"POST /api/auth/oauth/{provider}/callback"}
FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:3999.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
]


@pytest.fixture
def roots(db: None, redis: None) -> TestClient:
    """The browser of somebody who may do everything."""
    return factories.sign_in(
        TestClient(composed, base_url="http://localhost:3999"), factories.make_user("root", Role.SUPER_ADMIN)
    )


@pytest.fixture
def alices(alice: Viewer, redis: None) -> Things:
    asset_id = factories.upload_photo(alice)
    task_id = factories.submit(alice, asset_id=asset_id).id
    return Things(alice, dict.fromkeys(("task_id", "session_id", "payment_id"), task_id) | {"asset_id": asset_id})


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("operation", [each for each in UNSAFE if str(each) not in OPEN_TO_OTHERS], ids=str)
def test_another_site_can_ask_for_nothing_that_changes_anything(
    operation: Operation, headers: dict[str, str], roots: TestClient, alices: Things
) -> None:
    before = rows()
    answer = operation.call(roots, alices, operation.body(SCHEMAS, alices), **headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FOREIGN_ORIGIN")
    assert rows() == before


def test_what_is_open_to_other_sites_is_what_is_listed_here(roots: TestClient, alices: Things) -> None:
    for operation in UNSAFE:
        if str(operation) in OPEN_TO_OTHERS:
            before = rows()
            operation.call(roots, alices, **FOREIGN[0])
            assert rows() == before


@pytest.mark.parametrize("operation", [each for each in UNSAFE if str(each) not in OPEN_TO_OTHERS], ids=str)
def test_a_form_of_another_site_is_refused_too(operation: Operation, roots: TestClient, alices: Things) -> None:
    path = operation.path.format(**({"slug": "x", "provider": "google"} | alices.ids))
    headers = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
    answer = roots.request(operation.method, path, content='{"email": "x@example.com", "x": "="}', headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FOREIGN_ORIGIN")


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_another_site_cannot_open_a_websocket(web: str, alice: Viewer, headers: dict[str, str]) -> None:
    token = factories.session_token(alice)
    with pytest.raises(InvalidStatus) as refused, open_tab(web, token, **headers):
        pass
    assert refused.value.response.status_code in (400, 403)


def test_our_own_pages_can_open_a_websocket(web: str, alice: Viewer, redis: None) -> None:
    with open_tab(web, factories.session_token(alice)) as tab:
        tab.read_to_mark()


def test_no_answer_may_be_read_by_another_site(roots: TestClient) -> None:
    for path in (paths.API_SESSION, "/api/credits/balance", paths.API_PROFILE):
        for headers in FOREIGN:
            answer = roots.get(path, headers=headers)
            assert "access-control-allow-origin" not in answer.headers
    preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = roots.options(paths.API_SIGN_OUT, headers=preflight)
    assert "access-control-allow-origin" not in answer.headers
