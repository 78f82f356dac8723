import json
from uuid import UUID

import pytest
import structlog
from fastapi.testclient import TestClient

from funmagic.api.app import create_api
from tests import factories


@pytest.fixture
def lines(logging_to):
    return logging_to("json", env="production")


def request_lines(lines):
    return [line for line in lines.json() if line["event"] == "request"]


def test_a_request_is_one_line_with_method_path_status_and_time(client, lines):
    answer = client.get("/api/tools")
    [line] = request_lines(lines)
    assert (line["level"], line["method"], line["path"], line["status"]) == ("info", "GET", "/api/tools", 200)
    assert line["ms"] > 0
    assert line["request_id"] == answer.headers["x-request-id"]
    assert UUID(line["request_id"])


@pytest.mark.parametrize("id_", ["abc-123", "01a204ea-243e-7497-9efc-134de0fce38f", "Root:1"])
def test_a_sane_id_of_the_caller_is_taken_over(client, lines, id_):
    assert client.get("/api/tools", headers={"X-Request-ID": id_}).headers["x-request-id"] == id_
    assert request_lines(lines)[0]["request_id"] == id_


@pytest.mark.parametrize("id_", ["", "a b", "x" * 65, 'a"b', "<script>", "a;b", "é".encode()])
def test_any_other_id_is_replaced(client, lines, id_):
    taken = client.get("/api/tools", headers={"X-Request-ID": id_}).headers["x-request-id"]
    assert UUID(taken)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/tools", "/ui/favicon.svg"])
def test_probes_metrics_and_pages_leave_no_line_but_have_an_id(client, lines, path):
    assert client.get(path).headers["x-request-id"]
    assert request_lines(lines) == []


def test_locally_the_console_stays_quiet(client, logging_to):
    lines = logging_to("json")
    client.get("/api/tools")
    assert request_lines(lines) == []


@pytest.mark.parametrize("status", [401, 404, 422])
def test_what_is_refused_is_logged_with_its_status(client, alice, lines, status):
    {
        401: lambda: client.get("/api/tasks"),
        404: lambda: client.get("/api/nothing"),
        422: lambda: client.post("/api/auth/sign-in", json={}),
    }[status]()
    assert [line["status"] for line in request_lines(lines)] == [status]


def test_neither_query_nor_body_nor_cookie_is_logged(client, alice, lines):
    factories.sign_in(client, alice)
    token = client.cookies.get("fm_session")
    client.get("/api/tasks?cursor=the-query-text")
    body = {"email": "the-body@example.com", "password": "the-body-text"}
    client.post("/api/auth/sign-in?next=the-query-text", json=body)
    logged = lines.text()
    assert logged.count('"event": "request"') == 2
    for secret in (token, "the-query-text", "the-body", "fm_session"):
        assert secret not in logged


def test_a_line_break_in_an_address_stays_inside_its_line(client, logging_to):
    lines = logging_to("console", env="production")
    client.get("/api/a%0aevil=1%1b[31m")
    assert len(lines.text().splitlines()) == 1


def test_a_defect_is_logged_under_the_id_that_the_caller_is_told(db, lines):
    api = create_api()

    @api.get("/api/broken-defect")
    def broken() -> None:
        raise RuntimeError("at https://store.example/k?signature=secret-signature")

    api.router.routes.insert(0, api.router.routes.pop())
    answer = TestClient(api, raise_server_exceptions=False).get("/api/broken-defect")
    logged = lines.json()
    [defect] = [line for line in logged if line["event"] == "request_failed"]
    [request] = [line for line in logged if line["event"] == "request"]
    id_ = answer.json()["error"]["details"]["requestId"]
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] == defect["request_id"] == request["request_id"] == id_
    assert request["status"] == 500
    assert "secret-signature" not in json.dumps(logged)


def test_lines_logged_while_a_request_is_served_carry_its_id(db, lines):
    api = create_api()

    @api.get("/inside")
    def inside() -> None:
        structlog.get_logger().info("from_a_thread")

    answer = TestClient(api).get("/inside?x=1")
    [line] = lines.json()
    assert (line["event"], line["request_id"]) == ("from_a_thread", answer.headers["x-request-id"])
    assert (line["method"], line["path"]) == ("GET", "/inside")
