"""A page that could not be loaded is loaded once the database answers, whatever else is looked up meanwhile."""

import asyncio
from types import SimpleNamespace

import reflex as rx
from reflex.istate.data import RouterData
from reflex.state import OnLoadInternalState

from funmagic.site.frame import state as module
from funmagic.site.frame.state import SessionState
from tests.factories import session_token


def tab(viewer) -> SessionState:
    root = rx.State()
    headers = {"cookie": f"fm_session={session_token(viewer)}"}
    root.router = RouterData.from_router_data({"headers": headers, "asPath": "/profile"})
    return root.get_substate(SessionState.get_full_name().split("."))


async def test_a_header_that_is_looked_up_meanwhile_does_not_keep_the_page_from_being_loaded(alice, redis, monkeypatch):
    state = tab(alice)

    async def look_up_meanwhile(_seconds):
        assert state.is_database_away
        await state.load()

    monkeypatch.setattr(module, "asyncio", SimpleNamespace(sleep=look_up_meanwhile, to_thread=asyncio.to_thread))
    assert await anext(SessionState.load_when_possible.fn(state)) == OnLoadInternalState.on_load_internal
    assert not state.is_database_away
