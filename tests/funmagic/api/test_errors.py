import logging

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from funmagic.api.app import create_api

JSON = {"Content-Type": "application/json"}


def code_of(answer: Response) -> str:
    """The code of an error, after checking that the answer has the one shape of all errors."""
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["error"]
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "details"}
    assert error["message"].endswith(".")
    assert isinstance(error["details"], dict)
    return str(error["code"])


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/api/nothing", "/api/tasks/a/b/c", "/api/"])
def test_an_unknown_address_answers_404_in_json(client: TestClient, method: str, path: str) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, code_of(answer)) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/auth/sign-in"),
        ("DELETE", "/api/credits/balance"),
        ("PATCH", "/api/tasks"),
        ("OPTIONS", "/api/tasks"),
    ],
)
def test_a_method_that_an_address_does_not_have_answers_405(client: TestClient, method: str, path: str) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, code_of(answer)) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/credits/balance"),
        ("GET", "/api/credits/transactions"),
        ("GET", "/api/tasks"),
        ("GET", "/api/tasks/1"),
        ("GET", "/api/tasks/1/stream"),
        ("POST", "/api/tasks/1/cancel"),
        ("POST", "/api/tasks/1/retry"),
        ("DELETE", "/api/tasks/1"),
        ("GET", "/api/assets/1"),
        ("GET", "/api/assets/1/download"),
    ],
)
def test_what_belongs_to_users_asks_visitors_to_sign_in(client: TestClient, method: str, path: str) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, code_of(answer)) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/tasks", {"toolSlug": "background-remove", "input": {}}),
        ("/api/upload", {"filename": "a.png", "contentType": "image/png", "size": 1}),
    ],
)
def test_visitors_cannot_start_anything(client: TestClient, path: str, body: dict[str, object]) -> None:
    answer = client.post(path, json=body)
    assert (answer.status_code, code_of(answer)) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"toolSlug": 5}', "toolSlug"),
        (b'{"toolSlug": "x", "extra": 1}', "extra"),
        (b'{"toolSlug": "x", "input": []}', "input"),
        (b"{}", "toolSlug"),
    ],
)
def test_a_body_that_does_not_fit_names_its_field(alice_client: TestClient, body: bytes, field: str) -> None:
    answer = alice_client.post("/api/tasks", content=body, headers=JSON)
    assert (answer.status_code, code_of(answer)) == (422, "VALIDATION_ERROR")
    assert list(answer.json()["error"]["details"]["fields"]) == [field]


def test_a_body_longer_than_any_of_ours_is_cut_off(client: TestClient) -> None:
    answer = client.post("/api/auth/sign-in", content=b"x" * 1_000_000, headers=JSON)
    assert (answer.status_code, code_of(answer)) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"[" * 30_000])
def test_a_body_that_is_no_json_object_is_refused(alice_client: TestClient, body: bytes) -> None:
    answer = alice_client.post("/api/tasks", content=body, headers=JSON)
    assert answer.status_code in (400, 422)
    assert code_of(answer) in ("VALIDATION_ERROR", "BAD_REQUEST")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/auth/sign-up", rb'{"email": "c@example.com", "password": "long enough", "name": "\ud800"}'),
        ("/api/auth/sign-up", rb'{"email": "c@example.com", "password": "long enough", "name": "C", "\ud800": 1}'),
        ("/api/auth/sign-in", rb'{"email": "\ud800@example.com", "password": "long enough"}'),
        ("/api/tasks", rb'{"toolSlug": "background-remove", "input": {"assetId": "\ud800"}}'),
        ("/api/tasks", rb'{"toolSlug": "background-remove", "input": {"\ud800": "1"}}'),
        ("/api/tasks", rb'{"toolSlug": "background-remove", "input": {"assetId": NaN}}'),
        ("/api/tasks", rb'{"toolSlug": "background-remove", "input": {"assetId": {"id": 1}}}'),
        ("/api/tasks", rb'{"toolSlug": "background-remove", "parentTaskId": "x", "input": {}}'),
    ],
)
def test_text_that_is_no_unicode_and_values_of_other_types_are_the_callers_mistake(
    alice_client: TestClient, path: str, body: bytes
) -> None:
    answer = alice_client.post(path, content=body, headers=JSON)
    assert 400 <= answer.status_code < 500
    assert code_of(answer)


def test_a_defect_is_told_in_general_terms_and_logged(
    db: None, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    api = create_api()

    @api.get("/broken")
    def broken() -> None:
        raise RuntimeError("the secret detail")

    with caplog.at_level(logging.ERROR):
        answer = TestClient(api, raise_server_exceptions=False).get("/broken")
    assert (answer.status_code, code_of(answer)) == (500, "INTERNAL_ERROR")
    assert "secret detail" not in answer.text
    assert "secret detail" in caplog.text + "".join(capsys.readouterr())


def test_health_needs_nobody(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
