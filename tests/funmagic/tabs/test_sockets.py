"""Where a tab's page is, when one page of it follows another whose events are still on their way."""

from types import SimpleNamespace

import pytest
import reflex as rx
from reflex.state import StateUpdate
from reflex_base.event import Event
from reflex_base.event.context import EventContext

import funmagic.funmagic  # noqa: F401 - loads every state that the product has
from funmagic.sessions.service import COOKIE_NAME
from funmagic.tabs.events import TabEvents
from funmagic.tabs.guard import GuardTabs
from funmagic.tabs.sockets import LOAD_PAGE, TabSockets
from funmagic.tabs.states import TabStates


class InLine(TabEvents):
    """Keeps what it is given instead of doing it."""

    def __init__(self):
        self.given = []

    async def wait_for_place(self, _tab):
        pass

    async def enqueue(self, _token, event, _ev_ctx=None):
        self.given.append(event)

    async def enqueue_anew(self, _tab, event):
        self.given.append(event)


@pytest.fixture
def events():
    return InLine()


@pytest.fixture
def sockets(events):
    app = SimpleNamespace(event_processor=events, _event_processor=None, router=lambda path: path)
    return TabSockets("/_event", app, TabStates())


async def open_page(sockets, sid, path, session):
    """What a page does first: it connects, and says where it is."""
    await sockets._token_manager.link_token_to_sid("tab", sid)
    headers = {"cookie": f"{COOKIE_NAME}={session}"}
    sockets._static_router_data[sid] = {"sid": sid, "headers": headers, "ip": "127.0.0.1"}
    await sockets.on_event(
        sid, {"name": LOAD_PAGE, "payload": {}, "router_data": {"pathname": path, "asPath": path, "query": {}}}
    )


async def close_page(sockets, sid):
    await sockets.on_disconnect(sid)


async def test_what_is_loaded_anew_is_the_page_that_is_there_now(sockets, events):
    await open_page(sockets, "first", "/tools", "olga")
    await close_page(sockets, "first")
    await open_page(sockets, "second", "/profile", "paula")
    events.given.clear()
    await sockets.load_anew("tab")
    [event] = events.given
    place = event.router_data
    assert (event.name, place["pathname"], place["sid"]) == (LOAD_PAGE, "/profile", "second")
    assert place["headers"]["cookie"] == f"{COOKIE_NAME}=paula"


async def test_a_page_that_has_not_said_where_it_is_loads_by_itself(sockets, events):
    await sockets._token_manager.link_token_to_sid("tab", "new")
    await sockets.load_anew("tab")
    assert events.given == []


async def test_a_dropped_event_of_a_former_page_leaves_the_tab_where_it_is(sockets, monkeypatch):
    await open_page(sockets, "first", "/tools", "olga")
    former = sockets.place_of_tab("tab")
    await close_page(sockets, "first")
    await open_page(sockets, "second", "/profile", "paula")
    state = rx.State(_reflex_internal_init=True)
    state.router_data = state._update_router_vars(former, {})
    monkeypatch.setattr(EventContext, "get", lambda: SimpleNamespace(token="tab"))
    answer = await GuardTabs(sockets, TabStates()).preprocess(None, state, Event("state.whatever"))
    assert answer == StateUpdate()
    assert (state.router.url.path, state.router.session.session_id) == ("/profile", "second")
    assert state.router.headers.cookie == f"{COOKIE_NAME}=paula"
