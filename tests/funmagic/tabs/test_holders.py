"""Whose a tab is, also while the database cannot say."""

import pytest
from sqlalchemy.exc import OperationalError

from funmagic.sessions.service import COOKIE_NAME
from funmagic.tabs import holders
from funmagic.tabs.holders import NOBODY, find_holder, session_of
from tests.factories import session_token


@pytest.fixture
def away(monkeypatch):
    async def read_viewer(token):
        if token:
            raise OperationalError("", {}, Exception())

    return lambda: monkeypatch.setattr(holders, "read_viewer", read_viewer)


async def test_a_session_is_its_users_and_no_session_nobodys(alice, redis):
    holder = await find_holder(session_token(alice), NOBODY)
    assert (holder.user_id, holder.role) == (alice.id, alice.role)
    assert await find_holder("", holder) == await find_holder("another", holder) == NOBODY


async def test_during_an_outage_who_was_there_still_is_and_nobody_else(alice, bob, redis, away):
    hers, another = session_token(alice), session_token(alice)
    holder = await find_holder(hers, NOBODY)
    away()
    assert await find_holder(hers, holder) == holder
    assert await find_holder("", holder) == NOBODY
    stranger = await find_holder(another, holder)
    assert not stranger.is_also(holder)
    assert not stranger.is_also(NOBODY)
    assert await find_holder(another, stranger) == stranger


def test_a_socket_without_a_session_has_none():
    assert session_of({}) == session_of({"cookie": "other=1"}) == ""
    assert session_of({"cookie": f"other=1; {COOKIE_NAME}=secret"}) == "secret"
