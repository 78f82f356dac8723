"""Every route, called by people whom it is not for; what the OpenAPI document leaves out is listed here."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import select

from admin.queues.routes import mount_queues
from funmagic.api.app import create_api
from funmagic.core.db import reading
from funmagic.funmagic import api as composed
from funmagic.models.users import Role, UserSession
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.security.operations import Operation, Things, list_operations
from tests.security.routes import OPERATIONS, PUBLIC, SCHEMAS, UNDOCUMENTED, browser, protected
from tests.security.rows import rows

# Only super admins; the rest of the dashboard is for admins too.
FOR_SUPER_ADMINS = ("/api/admin/settings", "/api/admin/users")


@pytest.fixture
def alices(alice: Viewer, redis: None) -> Things:
    asset_id = factories.upload_photo(alice)
    task_id = factories.submit(alice, asset_id=asset_id).id
    factories.session_token(alice)
    with reading() as session:
        session_id = session.exec(select(UserSession.id).where(UserSession.user_id == alice.id)).one()
    payment_id = factories.make_payment(alice)
    ids = {"asset_id": asset_id, "task_id": task_id, "session_id": session_id, "payment_id": payment_id}
    return Things(alice, ids)


@pytest.fixture
def visitor(db: None, redis: None) -> TestClient:
    return browser()


@pytest.fixture
def bobs(bob: Viewer) -> TestClient:
    return factories.sign_in(browser(), bob)


def assert_refuses_a_visitor(operation: Operation, client: TestClient, things: Things) -> None:
    """401, whatever the body is, and nothing has changed."""
    before = rows()
    for body in ({}, operation.body(SCHEMAS, things)):
        answer = operation.call(client, things, body)
        assert answer.status_code == 401, f"{operation} answers {answer.status_code} to a visitor"
        assert answer.json()["error"]["code"] == "UNAUTHORIZED"
    assert rows() == before, f"{operation} changed the database"


def test_there_are_operations_to_look_at() -> None:
    assert len(OPERATIONS) > 20
    assert len(protected()) > 10


def test_the_list_of_public_operations_names_none_that_could_be_protected() -> None:
    later = {"GET /api/banners", "GET /api/tool-types"}
    assert PUBLIC.keys() - {str(operation) for operation in OPERATIONS} - later == set()


@pytest.mark.parametrize("operation", protected(), ids=str)
def test_a_protected_operation_refuses_a_visitor(operation: Operation, visitor: TestClient, alices: Things) -> None:
    assert_refuses_a_visitor(operation, visitor, alices)


@pytest.mark.parametrize("operation", protected(), ids=str)
def test_an_operation_neither_shows_nor_touches_what_is_anothers(
    operation: Operation, bobs: TestClient, alices: Things
) -> None:
    before = rows(alices.owner)
    for body in ({}, operation.body(SCHEMAS, alices)):
        answer = operation.call(bobs, alices, body)
        # Nothing is for sale here.
        assert answer.status_code < 500 or answer.json()["error"]["code"] == "PAYMENTS_NOT_SET_UP"
        for secret in (alices.owner.email, "Alice", f"/{alices.owner.id}/"):
            assert secret not in answer.text
    assert rows(alices.owner) == before


@pytest.mark.parametrize(
    "operation", [each for each in protected() if each.parameters & {"asset_id", "task_id", "session_id"}], ids=str
)
def test_anothers_thing_and_one_that_is_not_there_look_the_same(
    operation: Operation, bobs: TestClient, alices: Things
) -> None:
    hers, nobodys = (
        operation.call(bobs, things, operation.body(SCHEMAS, things)) for things in (alices, alices.nobodys)
    )
    refusal = 403 if operation.path.startswith("/api/admin") else 404
    assert hers.status_code == nobodys.status_code == refusal
    assert hers.json() == nobodys.json()


def admins_operations() -> list[Operation]:
    return [operation for operation in OPERATIONS if operation.path.startswith("/api/admin")]


@pytest.mark.parametrize("operation", admins_operations(), ids=str)
def test_an_operation_of_the_dashboard_refuses_a_user(operation: Operation, bobs: TestClient, alices: Things) -> None:
    before = rows()
    answer = operation.call(bobs, alices, operation.body(SCHEMAS, alices))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")
    assert rows() == before


@pytest.mark.parametrize(
    "operation", [each for each in admins_operations() if each.path.startswith(FOR_SUPER_ADMINS)], ids=str
)
def test_what_is_for_super_admins_refuses_an_admin(operation: Operation, visitor: TestClient, alices: Things) -> None:
    admin = factories.sign_in(visitor, factories.make_user("ann", Role.ADMIN))
    before = rows()
    answer = operation.call(admin, alices, operation.body(SCHEMAS, alices))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")
    assert rows() == before


def undocumented(api: FastAPI) -> set[str]:
    documented = {operation.path for operation in list_operations(api)}
    return {path for path in paths_of(api.routes) if path not in documented and path}


def paths_of(routes: list[Any]) -> Iterator[str]:
    for route in routes:
        if included := getattr(route, "original_router", None):
            yield from paths_of(included.routes)
        else:
            yield route.path


def test_every_undocumented_route_is_listed_here() -> None:
    assert undocumented(composed) == {path for path, _ in UNDOCUMENTED}


@pytest.mark.parametrize(("request_line", "status"), [(line, status) for (_, line), status in UNDOCUMENTED.items()])
def test_an_undocumented_route_shows_a_visitor_what_it_should(
    request_line: str, status: int, visitor: TestClient
) -> None:
    method, path = request_line.split()
    before = rows()
    assert visitor.request(method, path, follow_redirects=False).status_code == status
    assert rows() == before


@pytest.mark.parametrize("path", ["/metrics", "/dev/mailbox.json", "/dev/mailbox"])
@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded"])
def test_what_is_for_this_machine_cannot_be_had_by_saying_so(db: None, redis: None, path: str, header: str) -> None:
    here = TestClient(composed, base_url="http://localhost:3999", client=("127.0.0.1", 5000))
    afar = TestClient(composed, base_url="http://localhost:3999", client=("203.0.113.9", 5000))
    assert here.get(path).status_code == 200
    assert afar.get(path, headers={header: "127.0.0.1"}).status_code in (401, 404)
    # Through a proxy on this machine everybody seems to be here.
    assert here.get(path, headers={header: "203.0.113.9"}).status_code in (401, 404)


@pytest.mark.parametrize("path", ["/metrics", "/dev/mailbox.json", "/dev/mailbox"])
@pytest.mark.parametrize(
    "host",
    [
        "rebound.example",
        "rebound.example:3999",
        "localhost.rebound.example",
        "localhost:3999@rebound.example",
        "rebound.example#localhost",
        "localhost/",
        "",
        "127.0.0.1.rebound.example",
        "localhost:",
        ":3999",
        "localhost, rebound.example",
    ],
)
def test_what_is_for_this_machine_is_not_there_under_a_name_that_points_at_it(
    db: None, redis: None, path: str, host: str
) -> None:
    here = TestClient(composed, base_url="http://localhost:3999", client=("127.0.0.1", 5000))
    assert here.get(path, headers={"Host": host}).status_code in (401, 404)
    for own in ("LOCALHOST:3999", "127.0.0.1", "[::1]:3999"):
        assert here.get(path, headers={"Host": own}).status_code == 200


def test_a_new_operation_without_a_guard_is_noticed(visitor: TestClient, alices: Things) -> None:
    api = create_api()
    mount_queues(api)
    count = len(api.router.routes)
    api.add_api_route("/api/new", lambda: {"everything": "of everybody"}, methods=["GET", "POST"])
    api.add_api_route("/new", lambda: {"everything": "of everybody"}, include_in_schema=False)
    # Before what answers unknown paths.
    api.router.routes[:0] = [api.router.routes.pop() for _ in range(len(api.router.routes) - count)]
    new = [operation for operation in list_operations(api) if operation.path == "/api/new"]
    assert len(new) == 2
    for operation in new:
        with pytest.raises(AssertionError, match="answers 200 to a visitor"):
            assert_refuses_a_visitor(operation, browser(api), alices)
    assert "/new" in undocumented(api)
