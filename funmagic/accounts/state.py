"""What every page knows of its viewer: their name and their credits; and the dialog that lets them in."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import reflex as rx
from reflex.state import OnLoadInternalState

from funmagic.accounts.guards import current_viewer
from funmagic.credits.service import get_balance
from funmagic.db import answers, read
from funmagic.models.base import new_id

ASK_AGAIN_S = 2.0


class SessionState(rx.State):
    """The viewer of this tab, as the header shows them."""

    is_loaded: bool = False
    is_signed_in: bool = False
    name: str = ""
    email: str = ""
    available: int = 0
    reserved: int = 0
    is_database_away: bool = False

    _waiting_id: str = ""

    @rx.event
    async def load(self) -> None:
        """Look the viewer and their credits up; whoever has just signed in no longer needs the dialog."""
        await self._refresh()
        dialog = await self.get_state(SignInDialogState)
        # A connection that was merely lost brings us here too, and must not close it under somebody's hands.
        if self.is_signed_in or dialog._path != self.router.url.path:  # noqa: SLF001 - no view data
            dialog.is_open = False
        self.is_database_away, self._waiting_id = False, ""

    @rx.event(background=True)
    async def load_when_possible(self) -> AsyncGenerator[Any, None]:
        """Once the database answers, load the page anew, as after a lost connection; the newest call does it."""
        async with self:
            self.is_database_away, self._waiting_id = True, (waiting_id := new_id())
        is_back = False
        while not is_back:
            await asyncio.sleep(ASK_AGAIN_S)
            is_back = await asyncio.to_thread(answers)
        async with self:
            if self._waiting_id != waiting_id:
                return
        yield OnLoadInternalState.on_load_internal

    async def _refresh(self) -> None:
        viewer = await current_viewer(self)
        self.is_loaded = True
        self.is_signed_in = viewer is not None
        self.name, self.email = (viewer.name, viewer.email) if viewer else ("", "")
        self.available, self.reserved = 0, 0
        if viewer:
            balance = await read(get_balance, viewer)
            self.available, self.reserved = balance.available, balance.reserved


class SignInDialogState(rx.State):
    """The dialog that asks a visitor to sign up or in, in the middle of what they were doing."""

    is_open: bool = False
    is_new_here: bool = True

    # Where it was opened.
    _path: str = ""

    @rx.event
    async def set_is_open(self, is_open: bool) -> None:
        """Open or close the dialog."""
        self.is_open = is_open

    def _open(self) -> None:
        self.is_open, self._path = True, self.router.url.path

    @rx.event
    async def switch_form(self) -> None:
        """Change between signing up and signing in."""
        self.is_new_here = not self.is_new_here
