"""Nobody takes all connections: each kind is counted for its address and for its user, and given back at its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from funmagic.api.streams import event_stream, limits
from funmagic.api.streams.event_stream import EventStream, StreamsAfterRoutes
from funmagic.api.streams.seats import Kind, Seats
from funmagic.core.live.watch import PAUSED
from funmagic.core.settings import get_settings
from funmagic.sessions.service import COOKIE_NAME
from tests.factories import session_token

MOST = 3


@pytest.fixture(autouse=True)
def few(monkeypatch):
    for kind in Kind:
        monkeypatch.setattr(get_settings(), f"{kind}_per_address", 2 * MOST)
        monkeypatch.setattr(get_settings(), f"{kind}_per_user", MOST)
    seats = Seats()
    monkeypatch.setattr(limits, "seats", seats)
    monkeypatch.setattr(event_stream, "seats", seats)
    return seats


class Caller:
    """A connection to an application that keeps it until it is let go."""

    def __init__(self, address, token, type_="http", path="/tools"):
        cookie = [(b"cookie", f"{COOKIE_NAME}={token}".encode())] if token else []
        self.scope = {
            "type": type_,
            "method": "GET",
            "path": path,
            "client": (address, 1),
            "headers": cookie,
            "state": {},
        }
        self.said = []
        self.is_in = asyncio.Event()
        self.leave = asyncio.Event()

    async def receive(self):
        await self.leave.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.said.append(message)

    @property
    def refusal(self):
        first = self.said[0] if self.said else {}
        return first.get("status") or first.get("code")


async def keep(scope, receive, send):
    scope["state"]["caller"].is_in.set()
    await receive()


async def stream(scope, receive, send):
    async def rest() -> AsyncIterator[object]:
        scope["state"]["caller"].is_in.set()
        while True:
            yield PAUSED
            await asyncio.sleep(0.01)

    await EventStream([], rest())(scope, receive, send)


APPS = {
    Kind.SOCKET: (limits.LimitConnections(keep), "websocket"),
    Kind.REQUEST: (limits.LimitConnections(keep), "http"),
    Kind.STREAM: (StreamsAfterRoutes(limits.LimitConnections(stream)), "http"),
}


@asynccontextmanager
async def connected(kind, address="192.0.2.1", token=None, path="/tools"):
    app, type_ = APPS[kind]
    caller = Caller(address, token, type_, path)
    caller.scope["state"]["caller"] = caller
    serving = asyncio.create_task(app(caller.scope, caller.receive, caller.send))
    entering = asyncio.create_task(caller.is_in.wait())
    await asyncio.wait([serving, entering], return_when=asyncio.FIRST_COMPLETED)
    yield caller
    caller.leave.set()
    entering.cancel()
    await serving


async def fill(stack, number, *arguments, **named):
    callers = [await stack.enter_async_context(connected(*arguments, **named)) for _ in range(number)]
    assert [caller.refusal for caller in callers if caller.refusal not in (None, 200)] == []


@pytest.mark.parametrize("kind", Kind)
async def test_an_address_that_holds_too_many_gets_no_more_and_others_do(kind, db, redis):
    async with AsyncExitStack() as stack:
        await fill(stack, 2 * MOST, kind)
        async with connected(kind) as one_more, connected(kind, "192.0.2.2") as other:
            assert one_more.refusal == (1008 if kind is Kind.SOCKET else 429)
            assert other.refusal in (None, 200)
    async with AsyncExitStack() as stack:
        await fill(stack, 2 * MOST, kind)


@pytest.mark.parametrize("kind", Kind)
async def test_a_user_who_holds_too_many_gets_no_more_from_anywhere_in_any_session(kind, alice, bob, redis):
    async with AsyncExitStack() as stack:
        for number in range(MOST):
            await fill(stack, 1, kind, address=f"192.0.2.{number}", token=session_token(alice))
        hers, his = session_token(alice), session_token(bob)
        async with connected(kind, "198.51.100.1", hers) as one_more, connected(kind, "198.51.100.1", his) as other:
            assert one_more.refusal == (1008 if kind is Kind.SOCKET else 429)
            assert other.refusal in (None, 200)


async def test_kinds_do_not_count_for_each_other(db, redis):
    async with AsyncExitStack() as stack:
        for kind in Kind:
            await fill(stack, 2 * MOST, kind)


async def test_a_whole_ipv6_network_is_one_address(db, redis):
    async with AsyncExitStack() as stack:
        for number in range(2 * MOST):
            await fill(stack, 1, Kind.SOCKET, address=f"2001:db8::{number}")
        async with connected(Kind.SOCKET, "2001:db8::ffff") as one_more:
            assert one_more.refusal == 1008


@pytest.mark.parametrize("path", limits.FREE)
async def test_probes_are_answered_whoever_else_comes_from_there(path, db, redis):
    async with AsyncExitStack() as stack:
        await fill(stack, 2 * MOST, Kind.REQUEST)
        async with connected(Kind.REQUEST, path=path) as probe:
            assert probe.refusal is None


async def test_a_socket_with_headers_beyond_any_browsers_is_refused(db, redis):
    caller = Caller("192.0.2.1", "x" * limits.LONGEST_HEADERS, "websocket")
    await limits.LimitConnections(keep)(caller.scope, caller.receive, caller.send)
    assert caller.refusal == 1008


async def test_nothing_is_counted_once_all_have_left(db, redis, few):
    async with AsyncExitStack() as stack:
        for kind in Kind:
            await fill(stack, MOST, kind)
    assert few._taken == {}
