"""The credits of a signed-in tab follow the ledger, by whatever way they changed."""

import asyncio
from contextlib import aclosing

import pytest
import reflex as rx
from reflex.istate.data import RouterData

from funmagic.accounts.roles import change_role
from funmagic.accounts.users import prove_email
from funmagic.core.db import transaction
from funmagic.core.errors import SignInRequired
from funmagic.credits import ledger
from funmagic.credits.errors import InsufficientCredits
from funmagic.models.users import Role, User
from funmagic.sessions.service import close_session, close_sessions
from funmagic.site.frame import live_balance
from funmagic.site.frame.live_balance import follow_balance
from funmagic.site.frame.state import SessionState
from tests.factories import session_token, submit
from tests.funmagic.tasks.runs import cancel

pytestmark = pytest.mark.usefixtures("fresh_watchers")


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(live_balance, "BREATH_S", 0)
    monkeypatch.setattr(live_balance, "PAUSE_S", 0.01)


def grant(viewer, amount, key):
    with transaction() as session:
        ledger.grant_bonus(session, viewer.id, amount, key=key)


def overdraw(viewer):
    with transaction() as session:
        ledger.grant_bonus(session, viewer.id, 7, key="a")
        ledger.adjust(session, viewer.id, -1000, key="a", description="")


def confirm_email(viewer):
    with transaction() as session:
        prove_email(session, session.get_one(User, viewer.id), keeps_access=True)


def make_admin(viewer):
    with transaction() as session:
        change_role(session, session.get_one(User, viewer.id), Role.ADMIN)


def follow(viewer, is_wanted=lambda: True):
    return aclosing(follow_balance(viewer, session_token(viewer), is_wanted))


async def test_every_change_is_followed(alice, redis):
    async with follow(alice) as balances:
        assert (await anext(balances)).available == 100
        task = await asyncio.to_thread(submit, alice)
        assert (await anext(balances)).reserved == 5
        await asyncio.to_thread(cancel, alice, task.id)
        assert (await anext(balances)).available == 100
        await asyncio.to_thread(grant, alice, 7, "a")
        assert (await anext(balances)).available == 107


async def test_what_happens_to_others_is_not_looked_up(alice, bob, redis):
    async with follow(alice) as balances:
        await anext(balances)
        await asyncio.to_thread(grant, bob, 7, "b")
        await asyncio.to_thread(grant, alice, 7, "a")
        assert (await anext(balances)).available == 107


async def test_a_change_that_was_rolled_back_is_not_told(alice, redis):
    async with follow(alice) as balances:
        await anext(balances)
        with pytest.raises(InsufficientCredits):
            await asyncio.to_thread(overdraw, alice)
        await asyncio.to_thread(grant, alice, 1, "b")
        assert (await anext(balances)).available == 101


async def test_who_has_signed_out_hears_no_more(alice, redis):
    async with follow(alice) as balances:
        await anext(balances)
        with transaction() as session:
            close_sessions(session, alice.id)
        await asyncio.to_thread(grant, alice, 7, "a")
        assert [balance async for balance in balances] == [None]


async def test_signing_out_in_another_tab_is_told_at_once(alice, redis):
    token = session_token(alice)
    async with aclosing(follow_balance(alice, token, lambda: True)) as balances:
        await anext(balances)
        with transaction() as session:
            close_session(session, token)
        assert [balance async for balance in balances] == [None]


@pytest.mark.parametrize("change", [confirm_email, make_admin])
async def test_a_confirmed_email_and_another_role_are_told_wherever_they_come_from(alice, redis, change):
    async with follow(alice) as balances:
        await anext(balances)
        await asyncio.to_thread(change, alice)
        assert None in [balance async for balance in balances]


async def test_it_ends_when_nobody_wants_it_any_more(alice, redis, monkeypatch):
    monkeypatch.setattr("funmagic.core.live.watch.SILENCE_S", 0.01)
    answers = iter([True, False])
    async with follow(alice, lambda: next(answers)) as balances:
        assert len([balance async for balance in balances]) == 1


async def test_what_changed_while_redis_was_away_is_shown_after_it(alice, stoppable_redis):
    async with follow(alice) as balances:
        await anext(balances)
        stoppable_redis.stop()
        await asyncio.to_thread(grant, alice, 7, "a")
        await asyncio.to_thread(stoppable_redis.start)
        assert (await anext(balances)).available == 107


async def test_it_begins_once_redis_is_there(alice, stoppable_redis):
    stoppable_redis.stop()
    async with follow(alice) as balances:
        first = asyncio.ensure_future(anext(balances))
        await asyncio.to_thread(stoppable_redis.start)
        assert (await first).available == 100


def tab(viewer=None) -> SessionState:
    root = rx.State()
    cookie = f"fm_session={session_token(viewer)}" if viewer else ""
    root.router = RouterData.from_router_data({"headers": {"cookie": cookie}, "asPath": "/tools"})
    return root.get_substate(SessionState.get_full_name().split("."))


async def test_only_pages_of_signed_in_people_follow(alice, redis):
    assert await tab().load() is None
    assert await tab(alice).load() == SessionState.follow_credits


async def test_a_visitor_cannot_follow(db, redis):
    with pytest.raises(SignInRequired):
        await anext(SessionState.follow_credits.fn(tab()))


async def test_the_pill_follows_and_the_page_is_told(alice, redis, monkeypatch):
    told = asyncio.Queue()
    monkeypatch.setattr("funmagic.site.frame.state._balance_handlers", {"/tools": "the page's handler"})
    monkeypatch.setattr("funmagic.site.frame.state.is_open", lambda _: True)
    state = tab(alice)
    await state.load()

    async def watch():
        async for event in SessionState.follow_credits.fn(state):
            await told.put(event)

    watching = asyncio.create_task(watch())
    await asyncio.to_thread(grant, alice, 7, "a")
    assert await told.get() == "the page's handler"
    assert state.available == 107
    watching.cancel()
    await asyncio.wait([watching])
