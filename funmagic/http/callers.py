"""The session in plain HTTP: reading its cookie, setting it, and the dependency that protected routes name."""

from typing import Annotated

from fastapi import Cookie, Depends, Request, Response
from sqlmodel import Session

from funmagic.accounts.errors import InvalidCredentials
from funmagic.accounts.users import find_password_hash, load_user
from funmagic.core.db import transaction
from funmagic.core.errors import Forbidden, SignInRequired
from funmagic.core.settings import get_settings
from funmagic.http.client_address import client_address
from funmagic.http.rates import limit_viewer
from funmagic.profile.look import Look, get_look
from funmagic.sessions.service import COOKIE_NAME, LONGEST_LIFETIME, close_session, open_session, read_viewer
from funmagic.sessions.viewer import Viewer

# No secret: the script in a page's head reads it, and takes it away (funmagic/ui/wrapped/page/look.py).
LOOK_COOKIE = "fm_look"
LOOK_COOKIE_LIFETIME_S = 300

SessionToken = Annotated[str | None, Cookie(alias=COOKIE_NAME, include_in_schema=False)]


async def current_viewer(request: Request, token: SessionToken = None) -> Viewer | None:
    """Who sends this request, which counts for them; None without a valid session. Raises TooManyRequests."""
    viewer = await read_viewer(token)
    if viewer:
        await limit_viewer(request.scope, viewer)
    return viewer


async def required_viewer(viewer: Annotated[Viewer | None, Depends(current_viewer)]) -> Viewer:
    """Who sends this request; raises SignInRequired."""
    if viewer is None:
        raise SignInRequired
    return viewer


async def required_admin(viewer: Annotated[Viewer, Depends(required_viewer)]) -> Viewer:
    """The admin who sends this request; raises SignInRequired or Forbidden."""
    if not viewer.is_admin:
        raise Forbidden
    return viewer


async def required_super_admin(viewer: Annotated[Viewer, Depends(required_viewer)]) -> Viewer:
    """The super admin who sends this request; raises SignInRequired or Forbidden."""
    if not viewer.is_super_admin:
        raise Forbidden
    return viewer


OptionalViewer = Annotated[Viewer | None, Depends(current_viewer)]
RequiredViewer = Annotated[Viewer, Depends(required_viewer)]
RequiredAdmin = Annotated[Viewer, Depends(required_admin)]
RequiredSuperAdmin = Annotated[Viewer, Depends(required_super_admin)]


def sign_in_browser(
    request: Request,
    response: Response,
    viewer: Viewer,
    replaced_token: str | None,
    *,
    password_hash: str | None = None,
) -> None:
    """Open a session for this browser, and close the one it had.

    Raises InvalidCredentials when what let the viewer in has been taken away a moment ago: the password of this hash,
    or everything, by the first proof of the email.
    """
    with transaction() as session:
        _require_still(session, viewer, password_hash)
        close_session(session, replaced_token)
        token = open_session(
            session,
            viewer.id,
            ip=client_address(request.scope),
            user_agent=request.headers.get("user-agent"),
        )
        look = get_look(session, viewer)
    if look.theme:
        hand_over_look(response, look)
    response.set_cookie(
        COOKIE_NAME,
        token,
        # How long it is good for, the database says.
        max_age=int(LONGEST_LIFETIME.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=get_settings().is_secure,
        path="/",
    )


def _require_still(session: Session, viewer: Viewer, password_hash: str | None) -> None:
    user = load_user(session, viewer, will_change=True)
    is_proved_since = user.email_verified_at is not None and not viewer.is_verified
    if is_proved_since or password_hash not in (None, find_password_hash(session, user.id)):
        raise InvalidCredentials


def hand_over_look(response: Response, look: Look) -> None:
    """Have the browser's next page appear in this look at once, and the browser remember it."""
    response.set_cookie(
        LOOK_COOKIE,
        f"{look.theme}.{look.accent}",
        max_age=LOOK_COOKIE_LIFETIME_S,
        samesite="lax",
        secure=get_settings().is_secure,
        path="/",
    )


def sign_out_browser(response: Response, token: str | None) -> None:
    """Close this browser's session and take its cookie away."""
    with transaction() as session:
        close_session(session, token)
    response.delete_cookie(COOKIE_NAME, path="/", httponly=True, samesite="lax", secure=get_settings().is_secure)
