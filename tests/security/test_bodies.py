"""What is sent is what is meant: every body of every route takes each value as its own type, or not at all."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from pydantic import BaseModel

from funmagic.core.errors import InvalidInput
from funmagic.core.json import RequestShape
from funmagic.funmagic import api as composed
from funmagic.library.described_file import read_description
from funmagic.models.users import Role
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.security.operations import Operation, Things
from tests.security.routes import OPERATIONS, SCHEMAS, browser

WITH_BODIES = [operation for operation in OPERATIONS if "requestBody" in operation.described]
WRONG: dict[str, list[Any]] = {
    "integer": [True, "600", 1.0, 1.5, [1], {"1": 1}],
    "number": [True, "1.5", [1.5]],
    "string": [5, True, 1.5, ["x"], {"x": "x"}],
    "boolean": [1, 0, "true", "yes", []],
    "object": [5, "x", True, []],
}
OUT_OF_RANGE = {"integer": [-(10**30), -1, 0, 2**31, 2**63, 10**30, 10**400], "number": [-1, 0, 10**30, 1e308]}
NO_NUMBERS = ["NaN", "Infinity", "-Infinity", "1e400", "9" * 5000]

Path = tuple[str, ...]


@pytest.fixture
def root(db: None, redis: None) -> TestClient:
    """The browser of somebody who may do everything."""
    return factories.sign_in(browser(), factories.make_user("root", Role.SUPER_ADMIN))


@pytest.fixture
def things(alice: Viewer, redis: None) -> Things:
    """What the routes may be asked about."""
    asset_id = factories.upload_photo(alice)
    task_id = factories.submit(alice, asset_id=asset_id).id
    ids = {"asset_id": asset_id, "task_id": task_id, "session_id": task_id}
    return Things(alice, ids | {"payment_id": factories.make_payment(alice)})


def routes_of(routes: list[Any]) -> Iterator[APIRoute]:
    for route in routes:
        if included := getattr(route, "original_router", None):
            yield from routes_of(included.routes)
        elif isinstance(route, APIRoute):
            yield route


def shapes_within(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from shapes_within(field.annotation)
    for part in get_args(annotation):
        yield from shapes_within(part)


def test_every_body_is_of_the_one_strict_kind() -> None:
    fields = [field for route in routes_of(composed.routes) for field in route.dependant.body_params]
    shapes = {shape for field in fields for shape in shapes_within(field.field_info.annotation)}
    assert len(shapes) > 15
    assert all(list(shapes_within(field.field_info.annotation)) for field in fields), "a body without a shape"
    assert {
        shape for shape in shapes if not (issubclass(shape, RequestShape) and shape.model_config["strict"])
    } == set()


def leaves(schema: dict[str, Any], path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Where every value of a body stands, and of what type it is."""
    for option in schema.get("anyOf", [schema]):
        found = SCHEMAS[option["$ref"].rpartition("/")[2]] if "$ref" in option else option
        if "type" in found and found["type"] != "null":
            yield path, found["type"]
        for name, value in found.get("properties", {}).items():
            yield from leaves(value, (*path, name))


def values_of(operation: Operation) -> list[tuple[Path, str]]:
    schema = operation.described["requestBody"]["content"]["application/json"]["schema"]
    return [(path, kind) for path, kind in leaves(schema) if path]


def replaced(body: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    name, *rest = path
    within = body.get(name) if isinstance(body.get(name), dict) else {}
    return body | {name: replaced(within, tuple(rest), value) if rest else value}


@pytest.mark.parametrize("operation", WITH_BODIES, ids=str)
def test_a_value_of_another_type_is_refused(operation: Operation, root: TestClient, things: Things) -> None:
    body = operation.body(SCHEMAS, things)
    for path, kind in values_of(operation):
        for wrong in WRONG[kind]:
            answer = operation.call(root, things, replaced(body, path, wrong), **{"Idempotency-Key": "key"})
            assert answer.status_code == 422, f"{operation} takes {wrong!r} as {path}, of type {kind}"


@pytest.mark.parametrize("operation", WITH_BODIES, ids=str)
def test_a_number_out_of_range_or_none_at_all_breaks_nothing(
    operation: Operation, root: TestClient, things: Things
) -> None:
    body = operation.body(SCHEMAS, things)
    for path, kind in values_of(operation):
        for number in OUT_OF_RANGE.get(kind, []):
            answer = operation.call(root, things, replaced(body, path, number), **{"Idempotency-Key": str(number)[:99]})
            is_shop = answer.status_code == 503 and answer.json()["error"]["code"] == "PAYMENTS_NOT_SET_UP"
            assert answer.status_code < 500 or is_shop, f"{operation} breaks with {number} as {path}"
    headers = {"Content-Type": "application/json", "Idempotency-Key": "key"}
    url = operation.path.format(**{"slug": "figme", "provider": "google"} | things.ids)
    for name in {path[0] for path, _ in values_of(operation)}:
        for word in NO_NUMBERS:
            sent = f'{{"{name}": {word}}}'
            answer = root.request(operation.method, url, content=sent, headers=headers)
            assert answer.status_code in (400, 422), f"{operation} takes {sent[:40]}"


@pytest.mark.parametrize("word", ["nan", "1e3", "9" * 5000, "-1", "0", "101", "true", "", "1.5", "٣"])
@pytest.mark.parametrize(
    "operation",
    [
        each
        for each in OPERATIONS
        if any(part["in"] == "query" and part["name"] == "limit" for part in each.described.get("parameters", []))
    ],
    ids=str,
)
def test_a_query_that_is_no_number_in_range_is_refused(
    operation: Operation, word: str, root: TestClient, things: Things
) -> None:
    path = operation.path.format(**{"slug": "figme"} | things.ids)
    answer = root.get(path, params={"limit": word})
    assert answer.status_code in ((200, 422) if word == "٣" else (422,))
    assert root.get(path, params={"limit": "3"}).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": "1000"},
        {"size": True},
        {"size": 1000.0},
        {"size": float("nan")},
        {"size": -1},
        {"name": 5},
        {"name": "x" * 256},
        {"type": None},
        {"type": "x" * 101},
    ],
    ids=str,
)
def test_a_tab_describes_its_files_as_strictly(wrong: dict[str, Any]) -> None:
    photo = {"name": "photo.jpg", "type": "image/jpeg", "size": 1000, "width": 40, "height": 30}
    assert read_description(photo).size == 1000
    with pytest.raises(InvalidInput):
        read_description(photo | wrong)


def test_whole_numbers_and_fractions_are_still_told_apart_where_both_fit(root: TestClient) -> None:
    for multiplier in (4, 4.5):
        answer = root.put("/api/admin/settings", json={"tiers": {"vip": {"multiplier": multiplier}}})
        assert answer.json()["tiers"]["vip"]["multiplier"] == multiplier
