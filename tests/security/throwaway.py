"""States that somebody might add in a hurry; only the tests' own web process has them."""

import asyncio
from typing import ClassVar

import reflex as rx
import sqlalchemy as sa
from sqlmodel import Session

from funmagic.core.db import transact
from funmagic.core.errors import FunMagicError
from funmagic.models.users import User
from funmagic.tabs.callers import require_admin, require_user


class Throwaway(rx.State):
    """What a tab asks for, to hear that the server has done what it was asked before."""

    seen: str = ""

    @rx.event
    async def mark(self, mark: str) -> None:
        """Say this word back."""
        self.seen = mark


class Lingering(rx.State):
    """What goes on in the background until it is ended; `going_on` counts it in all tabs."""

    seen: str = ""
    going_on: ClassVar[int] = 0

    @rx.event(background=True)
    async def linger(self) -> None:
        """Never end by itself, and never look who is there."""
        Lingering.going_on += 1
        try:
            await asyncio.Event().wait()
        finally:
            Lingering.going_on -= 1

    @rx.event
    async def count(self) -> None:
        """Say how many there are."""
        self.seen = f"{self.going_on} going on"


class Hurried(rx.State):
    """Handlers with a guard, and with every way to lack one."""

    seen: str = ""

    @rx.event
    async def guarded(self, word: str) -> None:
        """For users."""
        await require_user(self)
        self.seen = word

    @rx.event(background=True)
    async def guarded_in_background(self) -> None:
        """For users, and nobody waits for it."""
        async with self:
            await require_user(self)

    @rx.event
    async def guarded_for_admins(self) -> None:
        """For admins."""
        await require_admin(self)

    @rx.event
    async def open_to_all(self, word: str) -> None:
        """Show anybody what they say."""
        self.seen = word

    @rx.event
    async def silent(self) -> None:
        """Change the database for anybody, and say nothing."""
        await transact(_rename_everybody)

    @rx.event(background=True)
    async def open_in_background(self) -> None:
        """Change the database for anybody, while nobody waits."""
        await transact(_rename_everybody)

    @rx.event
    async def asks_too_late(self) -> None:
        """Change the database first, and ask who it is then."""
        await transact(_rename_everybody)
        await require_user(self)

    @rx.event
    async def refuses_too_late(self, word: str) -> None:
        """Show something first, and ask who it is then."""
        self.seen = word
        await require_user(self)

    @rx.event
    async def breaks(self) -> None:
        """Stop for a reason that has nothing to do with who it is."""
        raise FunMagicError

    @rx.event
    async def defective(self, word: str) -> None:
        """Stop at a mistake of its own."""
        self.seen = word + 1  # type: ignore[operator]

    def helper(self) -> None:
        """Not meant as an endpoint, and one all the same."""
        self.seen = "helped"


def _rename_everybody(session: Session) -> None:
    session.execute(sa.update(User).values(name="Everybody"))
