"""The session in Reflex: every protected handler asks here first, because any socket can call any handler."""

from http.cookies import SimpleCookie

import reflex as rx

from funmagic.accounts.sessions import COOKIE_NAME, find_viewer
from funmagic.accounts.viewer import Viewer
from funmagic.db import read
from funmagic.errors import SignInRequired


async def current_viewer(state: rx.State) -> Viewer | None:
    """Who holds this socket, looked up anew; None without a valid session."""
    cookie = SimpleCookie(state.router.headers.cookie).get(COOKIE_NAME)
    return await read(find_viewer, cookie.value) if cookie else None


async def require_user(state: rx.State) -> Viewer:
    """Who holds this socket; raises SignInRequired."""
    viewer = await current_viewer(state)
    if viewer is None:
        raise SignInRequired
    return viewer
