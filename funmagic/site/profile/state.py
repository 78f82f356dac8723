"""A user's own profile, as its page shows it; everything is looked up anew after every change."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import reflex as rx
from babel.dates import format_timedelta
from sqlmodel import Session
from starlette.requests import cookie_parser

from funmagic import paths
from funmagic.core.db import read, transact
from funmagic.i18n.translate import _, current_locale
from funmagic.models.base import utcnow
from funmagic.oauth.connections import Connection, list_connections, unlink
from funmagic.oauth.errors import FAILURES
from funmagic.profile.service import ProfileView, get_profile, rename
from funmagic.profile.sessions import SessionView, list_sessions, revoke_other_sessions, revoke_session
from funmagic.sessions.service import COOKIE_NAME, SEEN_EVERY
from funmagic.sessions.viewer import Viewer
from funmagic.site.frame.state import SessionState
from funmagic.tabs.callers import current_viewer, require_user

HANDHELD = ("iPhone", "iPad", "Android")


@dataclass(frozen=True)
class DeviceRow:
    """A signed-in browser in plain words."""

    id: str
    title: str
    text: str
    is_current: bool
    is_handheld: bool


class ProfileState(rx.State):
    """The profile of this tab's viewer."""

    is_loaded: bool = False
    name: str = ""
    email: str = ""
    pending_email: str = ""
    is_verified: bool = False
    has_password: bool = False
    locale: str = ""
    devices: list[DeviceRow] = []
    connections: list[Connection] = []
    is_changing_email: bool = False
    is_deleting: bool = False

    @rx.event
    async def load(self) -> AsyncGenerator[Any, None]:
        """Load the profile; a visitor signs in first."""
        viewer = await current_viewer(self)
        if viewer is None:
            self.reset()  # type: ignore[no-untyped-call]
            yield rx.redirect(f"{paths.LOGIN}?next={paths.PROFILE}")
            return
        await self._refresh(viewer)
        # Whoever wanted to connect a provider comes back here.
        if failure := FAILURES.get(str(self.router.url.query_parameters.get("error", ""))):
            yield rx.toast.error(failure().message, id="oauth")

    @rx.event
    async def rename(self, form: dict[str, Any]) -> AsyncGenerator[Any, None]:
        """Call the viewer something else."""
        viewer = await require_user(self)
        await transact(rename, viewer, str(form.get("name", "")))
        await self._refresh(viewer)
        yield SessionState.load
        yield rx.toast.success(_("Your name is saved."))

    @rx.event
    async def set_is_changing_email(self, is_changing: bool) -> None:
        """Show or hide the form for another email."""
        await require_user(self)
        self.is_changing_email = is_changing

    @rx.event
    async def show_email_change(self) -> AsyncGenerator[Any, None]:
        """Show the change of email that the API has just begun, or that no mail left because of the limit on mails."""
        viewer = await require_user(self)
        self.is_changing_email = False
        await self._refresh(viewer)
        if not self.pending_email:
            yield rx.toast.warning(_("That address has had several mails from us. Please try again in ten minutes."))

    @rx.event
    async def show_password_change(self) -> AsyncGenerator[Any, None]:
        """Show that the API has changed the password and signed the other browsers out."""
        viewer = await require_user(self)
        dropped_email = self.pending_email
        await self._refresh(viewer)
        yield rx.toast.success(_("Your password is saved. Other devices are signed out."))
        if dropped_email and not self.pending_email:
            yield rx.toast.warning(
                _("Your email does not change to {email} now. If you want it to, ask again.", email=dropped_email)
            )

    @rx.event
    async def disconnect(self, provider: str) -> None:
        """Take a provider away from the ways to sign in."""
        viewer = await require_user(self)
        await transact(unlink, viewer, provider)
        await self._refresh(viewer)

    @rx.event
    async def sign_out_device(self, device_id: str) -> None:
        """Sign one browser out."""
        viewer = await require_user(self)
        await transact(revoke_session, viewer, device_id)
        await self._refresh(viewer)

    @rx.event
    async def sign_out_others(self) -> None:
        """Sign every browser out but this one."""
        viewer = await require_user(self)
        await transact(revoke_other_sessions, viewer, self._own_token())
        await self._refresh(viewer)

    @rx.event
    async def set_is_deleting(self, is_deleting: bool) -> None:
        """Open or close the dialog that deletes the account."""
        await require_user(self)
        self.is_deleting = is_deleting

    async def _refresh(self, viewer: Viewer) -> None:
        profile, sessions, connections = await read(_load_profile, viewer, self._own_token())
        self.name = profile.name
        self.email = profile.email
        self.pending_email = profile.pending_email
        self.is_verified = profile.is_verified
        self.has_password = profile.has_password
        self.locale = profile.locale
        now = utcnow()
        self.devices = [_device_row(session, now) for session in sessions]
        self.connections = connections
        self.is_loaded = True

    def _own_token(self) -> str | None:
        return cookie_parser(self.router.headers.cookie).get(COOKIE_NAME)


def _load_profile(
    session: Session, viewer: Viewer, token: str | None
) -> tuple[ProfileView, list[SessionView], list[Connection]]:
    return (
        get_profile(session, viewer),
        list_sessions(session, viewer, token),
        list_connections(session, viewer),
    )


def _device_row(session: SessionView, now: datetime) -> DeviceRow:
    return DeviceRow(
        id=session.id,
        title=session.device,
        text=" · ".join(filter(None, (_last_use(session, now), session.ip))),
        is_current=session.is_current,
        is_handheld=any(word in session.device for word in HANDHELD),
    )


def _last_use(session: SessionView, now: datetime) -> str:
    ago = session.last_seen_at - now
    # It is not known more exactly than that.
    if session.is_current or -ago < 2 * SEEN_EVERY:
        return _("Active now")
    return _("Last used {ago}", ago=format_timedelta(ago, add_direction=True, locale=current_locale()))
