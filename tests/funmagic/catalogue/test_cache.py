import asyncio
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from funmagic.catalogue.cache import GENERATION_KEY, LISTS_KEY, cached_answer, drop_catalogue, fresh_answer, tool_key
from funmagic.core.db import get_engine, transaction
from funmagic.core.redis import get_redis
from funmagic.models.users import Role
from tests import factories
from tests.servers import StoppableRedis

SLUG = "background-remove"
PATHS = ["/api/tools", "/api/tools?sort=newest&featured=true", f"/api/tools/{SLUG}"]


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Every statement that the database was sent."""
    sent: list[str] = []

    def record(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    sa.event.listen(get_engine(), "before_cursor_execute", record)
    yield sent
    sa.event.remove(get_engine(), "before_cursor_execute", record)


def rename(title: str) -> None:
    with transaction() as session:
        session.execute(sa.text("UPDATE tools SET title = :title"), {"title": title})


@pytest.mark.parametrize("path", PATHS)
def test_the_second_visitor_is_answered_without_the_database(
    client: TestClient, statements: list[str], path: str
) -> None:
    first = client.get(path)
    statements.clear()
    assert client.get(path).json() == first.json()
    assert statements == []


@pytest.mark.parametrize("path", PATHS)
def test_a_change_shows_as_soon_as_the_catalogue_is_dropped(client: TestClient, path: str) -> None:
    client.get(path)
    rename("Cut It Out")
    drop_catalogue(SLUG)
    assert "Cut It Out" in client.get(path).text


def test_what_is_kept_does_not_live_longer_than_five_minutes(client: TestClient) -> None:
    for path in PATHS:
        client.get(path)
    assert 0 < get_redis().ttl(LISTS_KEY) <= 300
    assert 0 < get_redis().ttl(tool_key(SLUG)) <= 300


async def test_an_answer_made_before_a_change_is_not_kept_for_after_it(redis: None) -> None:
    def make_slowly() -> bytes:
        drop_catalogue(SLUG)  # an admin saves while this reader still computes
        return b"old"

    assert (await cached_answer(LISTS_KEY, "x", make_slowly)).body == b"old"
    assert (await cached_answer(LISTS_KEY, "x", lambda: b"new")).body == b"new"
    assert get_redis().get(GENERATION_KEY) == b"1"


async def test_of_many_visitors_at_once_one_asks_the_database(redis: None) -> None:
    made: list[int] = []

    def make() -> bytes:
        made.append(1)
        return b"tools"

    answers = await asyncio.gather(*(cached_answer(LISTS_KEY, "x", make) for _ in range(100)))
    assert [answer.body for answer in answers] == [b"tools"] * 100
    assert made == [1]


async def test_what_is_kept_is_what_was_made_line_breaks_and_name_included(redis: None) -> None:
    made = await cached_answer(LISTS_KEY, "x", lambda: b"\none\ntwo\n")
    kept = await cached_answer(LISTS_KEY, "x", lambda: b"another")
    assert kept == made == await fresh_answer(lambda: b"\none\ntwo\n")


def test_a_browser_that_has_it_already_is_told_so(client: TestClient) -> None:
    first = client.get("/api/tools")
    again = client.get("/api/tools", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_what_people_search_for_is_not_kept(client: TestClient) -> None:
    client.get("/api/tools?q=background")
    assert not get_redis().exists(LISTS_KEY)


def test_what_an_admin_sees_is_not_kept_for_others(client: TestClient) -> None:
    with transaction() as session:
        session.execute(sa.text("UPDATE tools SET is_active = false"))
    factories.sign_in(client, factories.make_user("ada", Role.ADMIN))
    assert client.get(f"/api/tools/{SLUG}").status_code == 200
    client.cookies.clear()
    assert client.get(f"/api/tools/{SLUG}").status_code == 404


def test_without_redis_the_database_answers(client: TestClient, stoppable_redis: StoppableRedis) -> None:
    stoppable_redis.stop()
    assert [client.get(path).status_code for path in PATHS] == [200, 200, 200]


def test_when_redis_is_back_answers_are_kept_again(
    client: TestClient, stoppable_redis: StoppableRedis, statements: list[str]
) -> None:
    first = client.get("/api/tools")
    stoppable_redis.stop()
    client.get("/api/tools")
    stoppable_redis.start()
    client.get("/api/tools")
    statements.clear()
    assert client.get("/api/tools").content == first.content
    assert statements == []
