"""What every page knows of its viewer: their name and their credits; and the dialog that lets them in."""

import reflex as rx

from funmagic.accounts.guards import current_viewer
from funmagic.credits.service import get_balance
from funmagic.db import read


class SessionState(rx.State):
    """The viewer of this tab, as the header shows them."""

    is_loaded: bool = False
    is_signed_in: bool = False
    name: str = ""
    email: str = ""
    available: int = 0
    reserved: int = 0

    @rx.event
    async def load(self) -> None:
        """Look the viewer and their credits up; whoever has just signed in no longer needs the dialog."""
        await self._refresh()
        (await self.get_state(SignInDialogState)).is_open = False

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

    @rx.event
    async def set_is_open(self, is_open: bool) -> None:
        """Open or close the dialog."""
        self.is_open = is_open

    @rx.event
    async def switch_form(self) -> None:
        """Change between signing up and signing in."""
        self.is_new_here = not self.is_new_here
