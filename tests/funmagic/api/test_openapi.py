from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from admin.routes import ROUTERS
from funmagic.api.app import create_api
from funmagic.api.openapi import OWN
from tests.documented import DocumentedAnswersOnly

KEPT_INSIDE = {"provider", "model", "prompt", "options", "request", "response", "usage", "config", "leaseToken"}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return TestClient(create_api(ROUTERS)).get("/api/openapi.json").json()


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def refs(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for part in value:
            yield from refs(part)
    elif isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"].rpartition("/")[2]
        for part in value.values():
            yield from refs(part)


def names_within(schema: dict[str, Any], root: str) -> set[str]:
    """The names of every property that a shape shows, at any depth."""
    shapes, waiting, names = schema["components"]["schemas"], [root], set()
    seen: set[str] = set()
    while waiting:
        shape = waiting.pop()
        if shape not in seen:
            seen.add(shape)
            names |= set(shapes[shape].get("properties", {}))
            waiting += refs(shapes[shape])
    return names


def test_the_docs_page_is_there(client: TestClient) -> None:
    answer = client.get("/api/docs")
    assert answer.status_code == 200
    assert "/api/openapi.json" in answer.text


def test_the_contract_is_documented(schema: dict[str, Any]) -> None:
    assert {name for name, _ in operations(schema)} >= {
        "POST /api/auth/sign-up",
        "POST /api/auth/sign-in",
        "POST /api/auth/sign-out",
        "GET /api/auth/session",
        "GET /api/tools",
        "GET /api/tools/{slug}",
        "GET /api/tool-types",
        "POST /api/upload",
        "POST /api/tasks",
        "GET /api/tasks",
        "GET /api/tasks/{task_id}",
        "GET /api/tasks/{task_id}/stream",
        "POST /api/tasks/{task_id}/cancel",
        "POST /api/tasks/{task_id}/retry",
        "DELETE /api/tasks/{task_id}",
        "GET /api/credits/balance",
        "GET /api/credits/transactions",
        "GET /api/assets/{asset_id}",
        "GET /api/assets/{asset_id}/download",
    }


def test_every_operation_says_what_it_does_and_what_it_answers(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        assert operation["summary"], name
        assert operation["description"], name
        (answer,) = [answer for code, answer in operation["responses"].items() if code.startswith(("2", "3"))]
        if name.endswith("/stream"):
            assert "text/event-stream" in answer["content"], name
        elif "application/json" in answer.get("content", {}):
            assert list(refs(answer)), name
        else:
            assert set(operation["responses"]) & {"200", "202", "204", "302", "303"}, name


def test_the_documented_error_is_the_one_we_answer(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        if "422" in operation["responses"]:
            assert "HTTPValidationError" not in set(refs(operation["responses"]["422"])), name


REFUSALS = {
    "POST /api/tasks": "400 401 402 403 404 409 413 415 422 429 503",
    "GET /api/tasks": "400 401 422 429 503",
    "GET /api/tasks/{task_id}": "401 404 422 429 503",
    "DELETE /api/tasks/{task_id}": "400 401 403 404 409 422 429 503",
    "GET /api/tools/{slug}": "404 409 422 429 503",
    "POST /api/upload": "400 401 403 413 415 422 429 503",
    "GET /api/admin/settings": "401 403 422 429 503",
    "POST /api/auth/sign-in": "400 401 403 413 422 429 503",
}


@pytest.mark.parametrize(("name", "statuses"), REFUSALS.items(), ids=str)
def test_an_operation_names_the_errors_that_it_may_answer(schema: dict[str, Any], name: str, statuses: str) -> None:
    described = dict(operations(schema))[name]["responses"]
    assert {status for status in described if status >= "400"} == set(statuses.split())
    assert all(list(refs(described[status])) == ["ErrorAnswer"] for status in statuses.split())


def test_an_errors_codes_stand_beside_its_status(schema: dict[str, Any]) -> None:
    described = dict(operations(schema))["POST /api/tasks"]["responses"]
    assert described["402"]["description"] == "Payment Required: INSUFFICIENT_CREDITS"
    assert {"PRICE_CHANGED", "TOOL_UNAVAILABLE"} <= set(described["409"]["description"].split(": ")[1].split(", "))


def test_what_is_said_of_single_operations_is_about_operations_that_there_are(schema: dict[str, Any]) -> None:
    assert OWN.keys() - {name for name, _ in operations(schema)} == set()


def test_an_answer_that_the_document_does_not_name_fails_its_test() -> None:
    api = create_api(ROUTERS)
    api.add_middleware(DocumentedAnswersOnly, api=api)
    with TestClient(api) as client:
        assert client.get("/api/tasks").status_code == 401
        del api.openapi()["paths"]["/api/tasks"]["get"]["responses"]["401"]
        with pytest.raises(AssertionError, match="GET /api/tasks answers 401"):
            client.get("/api/tasks")


def test_the_docs_do_not_show_the_session_cookie_or_inner_routes(schema: dict[str, Any]) -> None:
    assert not [path for path in schema["paths"] if not path.startswith("/api/") or "{path}" in path]
    parameters = [part["name"] for _, operation in operations(schema) for part in operation.get("parameters", [])]
    assert "fm_session" not in parameters


@pytest.mark.parametrize(
    "shape", ["TaskAnswer", "TaskPage", "ToolAnswer", "ToolPage", "ToolTypesAnswer", "AssetAnswer"]
)
def test_no_shape_shows_what_is_kept_inside(schema: dict[str, Any], shape: str) -> None:
    # The values that people choose from are called options, too.
    public = {"options"} if shape.startswith("Tool") else set()
    assert names_within(schema, shape) & KEPT_INSIDE == public & names_within(schema, shape)


@pytest.mark.parametrize("shape", ["UserAnswer", "SessionAnswer"])
def test_a_user_is_shown_without_secrets(schema: dict[str, Any], shape: str) -> None:
    assert names_within(schema, shape) == {"user", "id", "email", "name", "role", "isVerified"}
