"""What every page knows of its viewer: their name and their credits; and the dialog that lets them in."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from urllib.parse import urlencode

import reflex as rx
from reflex.event import EventSpec
from sqlmodel import Session

from funmagic import paths
from funmagic.core.db import answers, read
from funmagic.core.links import own_path
from funmagic.core.settings import get_settings
from funmagic.credits.service import get_balance
from funmagic.credits.views import Balance
from funmagic.i18n.translate import negotiate
from funmagic.models.base import new_id
from funmagic.oauth.errors import FAILURES
from funmagic.profile.look import Look, get_look
from funmagic.sessions.viewer import Viewer
from funmagic.site.frame.live_balance import follow_balance
from funmagic.tabs.callers import current_viewer, require_user, session_token
from funmagic.tabs.pages import is_open, load_page

ASK_AGAIN_S = 2.0
# What else of a page shows a viewer's credits: the handler that is called when they change, by the page's path.
_balance_handlers: dict[str, Any] = {}
# Nobody who signs in there wants to be back there.
WAYS_IN = (paths.LOGIN, paths.REGISTER, paths.FORGOT_PASSWORD, paths.RESET_PASSWORD, paths.VERIFY_EMAIL)


def call_on_balance_change(path: str, handler: Any) -> None:
    """Register a handler to call in every tab that shows this page, whenever its viewer's credits change."""
    _balance_handlers[path] = handler


class SessionState(rx.State):
    """The viewer of this tab, as the header shows them."""

    is_loaded: bool = False
    is_signed_in: bool = False
    name: str = ""
    email: str = ""
    avatar_url: str = ""
    # Empty where the viewer has chosen nothing.
    theme: str = ""
    accent: str = ""
    # The account's language, or the browser's where nobody is signed in; empty until that is known.
    locale: str = ""
    is_verified: bool = False
    # Whether the dashboard is open to them.
    is_admin: bool = False
    # Whether tools are closed to who has not confirmed their email.
    must_verify: bool = False
    # Where mails can be read on a developer's machine.
    mailbox_url: str = ""
    # Where "Sign in" leads: it knows the way back.
    login_url: str = paths.LOGIN
    available: int = 0
    reserved: int = 0
    is_database_away: bool = False

    _waiting_id: str = ""

    @rx.event
    async def load(self) -> Any:
        """Load the viewer and their credits; whoever has just signed in no longer needs the dialog."""
        await self._refresh()
        dialog = await self.get_state(SignInDialogState)
        # A connection that was merely lost brings us here too, and must not close it under somebody's hands.
        if self.is_signed_in or dialog._path != self.router.url.path:  # noqa: SLF001 - no view data
            dialog.is_open = False
        # What waits to load the page goes on waiting: the rest of it may not be there yet.
        self.is_database_away = False
        return SessionState.follow_credits if self.is_signed_in else None

    @rx.event(background=True, supersedes=True)
    async def follow_credits(self) -> AsyncGenerator[Any, None]:
        """Keep the viewer's credits as they are, once per tab: Reflex ends it with the page and with the socket."""
        async with self:
            viewer = await require_user(self)
            token = session_token(self)
            tab = self.router.session.client_token
            page = self.router.url.path
            shown: tuple[int, int] | None = (self.available, self.reserved)
        async with aclosing(follow_balance(viewer, token, lambda: is_open(tab))) as balances:
            async for balance in balances:
                if balance is None:
                    yield SessionState.load
                    return
                # Only at the start it may be what the page has just been given.
                is_known = (balance.available, balance.reserved) == shown
                shown = None
                if not is_known:
                    async with self:
                        self.available = balance.available
                        self.reserved = balance.reserved
                    if handler := _balance_handlers.get(page):
                        yield handler

    @rx.event(background=True)
    async def load_when_possible(self) -> AsyncGenerator[Any, None]:
        """Once the database answers, load the page anew, as after a lost connection; the newest call does it."""
        async with self:
            self.is_database_away = True
            self._waiting_id = waiting_id = new_id()
        is_back = False
        while not is_back:
            await asyncio.sleep(ASK_AGAIN_S)
            is_back = await asyncio.to_thread(answers)
        async with self:
            if self._waiting_id != waiting_id:
                return
        yield load_page

    async def _refresh(self) -> None:
        viewer = await current_viewer(self)
        self.is_loaded = True
        self.is_signed_in = viewer is not None
        self.name = viewer.name if viewer else ""
        self.email = viewer.email if viewer else ""
        self.is_verified = bool(viewer and viewer.is_verified)
        self.is_admin = bool(viewer and viewer.is_admin)
        self.must_verify = get_settings().verifies_emails
        has_mailbox = get_settings().is_local and get_settings().mail_server is None
        self.mailbox_url = paths.MAILBOX if has_mailbox else ""
        self.login_url = paths.LOGIN + _query(_here(self))
        self.available = 0
        self.reserved = 0
        self.avatar_url = ""
        self.theme = ""
        self.accent = ""
        self.locale = negotiate(self.router.headers.accept_language)
        if viewer:
            balance, look = await read(_load_corner, viewer)
            self.available = balance.available
            self.reserved = balance.reserved
            self.avatar_url = look.avatar_url
            self.theme = look.theme
            self.accent = look.accent
            self.locale = look.locale


class SignInDialogState(rx.State):
    """The dialog that asks a visitor to sign up or in, in the middle of what they were doing."""

    is_open: bool = False
    # Where it was opened, and all ways in lead back to.
    next_url: str = ""
    query: str = ""

    _path: str = ""

    @rx.event
    async def set_is_open(self, is_open: bool) -> None:
        """Open or close the dialog."""
        self.is_open = is_open

    def _open(self) -> None:
        self.is_open = True
        self._path = self.router.url.path
        self.next_url = _here(self)
        self.query = _query(self.next_url)


class WaysInState(rx.State):
    """The pages on which people sign in or up: where they were going, and what went wrong on the way."""

    next_url: str = ""
    # The same for the links between these pages.
    query: str = ""
    problem: str = ""

    @rx.event
    async def load(self) -> EventSpec | None:
        """Read what the address says; whoever is signed in already goes on at once."""
        said = self.router.url.query_parameters
        self.next_url = own_path(str(said.get("next", "")))
        self.query = _query(self.next_url)
        failure = FAILURES.get(str(said.get("error", "")))
        self.problem = failure().message if failure else ""
        if await current_viewer(self):
            # Not every page is one that Reflex knows: the browser asks the server.
            return rx.call_script(f"window.location.replace({json.dumps(self.next_url)})")
        return None


def _load_corner(session: Session, viewer: Viewer) -> tuple[Balance, Look]:
    return get_balance(session, viewer), get_look(session, viewer)


def _here(state: rx.State) -> str:
    url = state.router.url
    return own_path(f"{url.path}?{url.query}" if url.query else url.path)


def _query(next_url: str) -> str:
    is_usual = next_url in ("", paths.HOME, paths.TOOLS) or next_url.partition("?")[0] in WAYS_IN
    return "" if is_usual else "?" + urlencode({"next": next_url}, safe="/")
