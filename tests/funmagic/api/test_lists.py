import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from funmagic.core.json import encode_cursor
from funmagic.sessions.viewer import Viewer
from tests import factories

LISTS = {"/api/tasks": "tasks", "/api/credits/transactions": "transactions"}


def walk(client: TestClient, path: str, **params: Any) -> list[list[str]]:
    """The ids of every page of a list, following its cursors to the end."""
    pages: list[list[str]] = []
    cursor = None
    while True:
        answer = client.get(path, params=params | ({"cursor": cursor} if cursor else {})).json()
        pages.append([row["id"] for row in answer[LISTS[path]]])
        cursor = answer["nextCursor"]
        if cursor is None:
            return pages


@pytest.fixture
def three_runs(alice: Viewer, redis: None) -> list[str]:
    asset_id = factories.upload_photo(alice)
    return [factories.submit(alice, asset_id=asset_id).id for _ in range(3)]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", ["0", "-1", "101", "many"])
def test_a_limit_out_of_range_is_refused(alice_client: TestClient, path: str, limit: str) -> None:
    answer = alice_client.get(path, params={"limit": limit})
    assert answer.status_code == 422
    assert list(answer.json()["error"]["details"]["fields"]) == ["limit"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", ["1", "100"])
def test_a_limit_within_range_is_fine(alice_client: TestClient, path: str, limit: str) -> None:
    assert alice_client.get(path, params={"limit": limit}).status_code == 200


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("cursor", ["!!!", "x", "_w", "é", encode_cursor("foo"), encode_cursor("\0"), "A" * 5000])
def test_a_cursor_that_we_did_not_make_is_refused(alice_client: TestClient, path: str, cursor: str) -> None:
    answer = alice_client.get(path, params={"cursor": cursor})
    assert (answer.status_code, answer.json().get("error", {}).get("code")) == (400, "INVALID_INPUT")


def test_runs_are_told_newest_first_page_by_page(alice_client: TestClient, three_runs: list[str]) -> None:
    newest_first = three_runs[::-1]
    assert walk(alice_client, "/api/tasks", limit=2) == [newest_first[:2], newest_first[2:]]
    assert walk(alice_client, "/api/tasks", limit=3) == [newest_first]


def test_the_ledger_is_told_newest_first_page_by_page(alice_client: TestClient, three_runs: list[str]) -> None:
    (whole,) = walk(alice_client, "/api/credits/transactions")
    assert len(whole) == 4
    assert whole == sorted(whole, reverse=True)
    assert walk(alice_client, "/api/credits/transactions", limit=3) == [whole[:3], whole[3:]]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"status": "failed"}, 1),
        ({"status": "queued"}, 2),
        ({"status": "completed"}, 0),
        ({"tool": "background-remove"}, 3),
        ({"tool": "nothing"}, 0),
    ],
)
def test_runs_can_be_picked_by_status_and_tool(
    alice_client: TestClient, three_runs: list[str], query: dict[str, str], count: int
) -> None:
    alice_client.post(f"/api/tasks/{three_runs[0]}/cancel")
    assert len(alice_client.get("/api/tasks", params=query).json()["tasks"]) == count


@pytest.mark.parametrize("query", ["/api/tasks?status=cancelled", "/api/credits/transactions?type=gift"])
def test_an_unknown_filter_value_is_refused(alice_client: TestClient, query: str) -> None:
    assert alice_client.get(query).status_code == 422


def test_every_name_in_an_answer_is_in_camel_case(alice_client: TestClient, three_runs: list[str]) -> None:
    def names(value: Any) -> set[str]:
        if isinstance(value, list):
            return set().union(*map(names, value))
        return set(value).union(*map(names, value.values())) if isinstance(value, dict) else set()

    paths = [*LISTS, "/api/tools", "/api/tool-types", "/api/credits/balance", "/api/auth/session"]
    found = set().union(*(names(alice_client.get(path).json()) for path in paths))
    assert {"creditsCost", "parentTaskId", "lifetimePurchased", "reservedDelta", "toolTypes", "nextCursor"} <= found
    assert [name for name in found if not re.fullmatch(r"[a-z][a-zA-Z]*", name)] == []
