"""The session in Reflex: every protected handler asks here first, because any socket can call any handler."""

import reflex as rx
from starlette.requests import cookie_parser

from funmagic.core.errors import Forbidden, SignInRequired
from funmagic.sessions.service import COOKIE_NAME, read_viewer
from funmagic.sessions.viewer import Viewer
from funmagic.tabs.rates import limit_event


async def current_viewer(state: rx.State) -> Viewer | None:
    """Who holds this socket, looked up anew, for whom the event counts; None without a valid session.

    Raises TooManyRequests.
    """
    viewer = await read_viewer(session_token(state))
    await limit_event(state, viewer)
    return viewer


def session_token(state: rx.State) -> str | None:
    """The secret of the session that this socket came with, valid or not; it never leaves the server."""
    return cookie_parser(state.router.headers.cookie).get(COOKIE_NAME)


async def require_user(state: rx.State) -> Viewer:
    """Who holds this socket; raises SignInRequired or TooManyRequests."""
    viewer = await current_viewer(state)
    if viewer is None:
        raise SignInRequired
    return viewer


async def require_admin(state: rx.State) -> Viewer:
    """The admin who holds this socket; raises SignInRequired or Forbidden."""
    viewer = await require_user(state)
    if not viewer.is_admin:
        raise Forbidden
    return viewer


async def require_super_admin(state: rx.State) -> Viewer:
    """The super admin who holds this socket; raises SignInRequired or Forbidden."""
    viewer = await require_user(state)
    if not viewer.is_super_admin:
        raise Forbidden
    return viewer
