"""Looking for tools: search, order, pages."""

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from funmagic.core.db import transaction
from funmagic.models.tools import Tool, ToolType

pytestmark = pytest.mark.both_databases


@pytest.fixture
def shelf(client: TestClient) -> TestClient:
    """Four tools with titles, uses and ratings of their own."""
    with transaction() as session:
        session.execute(sa.delete(Tool))
        for title, used, rating_sum, rating_count in (
            ("Anvil", 5, 9, 2),
            ("Bellows", 50, 4, 1),
            ("Chisel 100%", 0, 0, 0),
            ("Drill", 7, 50, 10),
        ):
            _add(session, title, used, rating_sum, rating_count)
    return client


def _add(session: Session, title: str, used: int, rating_sum: int, rating_count: int) -> None:
    type_id = session.exec(select(ToolType.id).where(ToolType.name == "image")).one()
    session.add(
        Tool(
            slug=title.split(maxsplit=1)[0].lower(),
            kind="background-remove",
            tool_type_id=type_id,
            title=title,
            description=f"Made for {title}",
            usage_count=used,
            rating_sum=rating_sum,
            rating_count=rating_count,
        )
    )
    session.flush()


def titles(client: TestClient, **query: object) -> list[str]:
    answer = client.get("/api/tools", params={name: str(value) for name, value in query.items()})
    return [tool["title"] for tool in answer.json()["tools"]]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("popular", ["Bellows", "Drill", "Anvil", "Chisel 100%"]),
        ("newest", ["Drill", "Chisel 100%", "Bellows", "Anvil"]),
        ("top-rated", ["Drill", "Anvil", "Bellows", "Chisel 100%"]),
    ],
)
def test_tools_are_listed_in_the_order_asked_for(shelf: TestClient, sort: str, expected: list[str]) -> None:
    assert titles(shelf, sort=sort) == expected


@pytest.mark.parametrize(
    ("q", "expected"), [("ANVIL", ["Anvil"]), ("100%", ["Chisel 100%"]), ("%", ["Chisel 100%"]), ("zzz", [])]
)
def test_search_looks_into_titles_and_descriptions(shelf: TestClient, q: str, expected: list[str]) -> None:
    assert titles(shelf, q=q) == expected


def test_pages_of_tools_show_each_once(shelf: TestClient) -> None:
    seen, cursor = [], None
    while True:
        answer = shelf.get("/api/tools", params={"limit": 3} | ({"cursor": cursor} if cursor else {})).json()
        seen += [tool["title"] for tool in answer["tools"]]
        cursor = answer["nextCursor"]
        if cursor is None:
            break
    assert seen == titles(shelf)


def test_an_unknown_order_is_refused(shelf: TestClient) -> None:
    assert shelf.get("/api/tools", params={"sort": "nonsense"}).status_code == 422
