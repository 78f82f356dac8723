"""Tabs of the runner as tests have them: a state that no socket holds."""

import reflex as rx
from reflex.istate.data import RouterData

from funmagic.site.tools.background_remove.state import BackgroundRemoveState
from tests.factories import photo_bytes, session_token

PHOTO = {"name": "photo.jpg", "type": "image/jpeg", "size": len(photo_bytes())}


def tab(viewer=None, query="") -> BackgroundRemoveState:
    root = rx.State()
    cookie = f"fm_session={session_token(viewer)}" if viewer else ""
    headers = {"cookie": cookie, "origin": "http://localhost:3999"}
    root.router = RouterData.from_router_data({"headers": headers, "asPath": f"/tools/background-remove{query}"})
    return root.get_substate(BackgroundRemoveState.get_full_name().split("."))


async def play(handler, *arguments):
    """What a handler that yields answers, in order."""
    return [event async for event in handler(*arguments)]


async def ready_tab(viewer) -> BackgroundRemoveState:
    state = tab(viewer)
    await play(state.load)
    await state.choose_photo(PHOTO)
    return state
