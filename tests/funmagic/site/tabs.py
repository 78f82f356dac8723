"""Tabs of the shop's pages, and of tools from which people come to it."""

from typing import Any, TypeVar

import reflex as rx
from reflex.istate.data import RouterData

from funmagic.sessions.viewer import Viewer
from funmagic.site.shop.shortage_state import ShortageState
from tests.factories import session_token

S = TypeVar("S", bound=rx.State)


def tab(state: type[S], viewer: Viewer | None, address: str) -> S:
    """What this page's state is in a new tab at this address."""
    root = rx.State()
    cookie = f"fm_session={session_token(viewer)}" if viewer else ""
    root.router = RouterData.from_router_data({"headers": {"cookie": cookie}, "asPath": address})
    return root.get_substate(state.get_full_name().split("."))


async def play(handler: Any, *arguments: Any) -> list[Any]:
    """What a handler that yields answers, in order."""
    return [event async for event in handler(*arguments)]


async def press(handler: Any, state: rx.State, *arguments: Any) -> list[Any]:
    """The same for a handler that runs in the background."""
    return [event async for event in handler.fn(state, *arguments)]


async def shortage_of(state: rx.State) -> ShortageState:
    """The dialog for who has too few credits, in the same tab."""
    return await state.get_state(ShortageState)


def place_of(redirect: Any) -> str:
    """Where a redirect leads."""
    return str({str(key): value for key, value in redirect.args}["path"]).strip('"')
