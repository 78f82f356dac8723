"""The look of the site as its viewer likes it, kept on their account; the browser keeps a copy for itself."""

import reflex as rx

from funmagic.core.db import read, transact
from funmagic.profile.look import get_look
from funmagic.profile.service import set_preferences
from funmagic.site.frame.state import SessionState
from funmagic.tabs.callers import require_user


class PreferencesState(rx.State):
    """What the viewer may choose of the look; what is chosen, every page knows from SessionState."""

    @rx.event
    async def choose_look(self, theme: str, accent: str) -> None:
        """Light, dark, or as the system has it; and one of our colours."""
        viewer = await require_user(self)
        await transact(set_preferences, viewer, theme=theme, accent=accent)
        session = await self.get_state(SessionState)
        session.theme = theme
        session.accent = accent

    @rx.event
    async def adopt_look(self, theme: str, accent: str) -> None:
        """What the browser remembers from before its viewer signed in, unless they have chosen elsewhere by now."""
        viewer = await require_user(self)
        look = await read(get_look, viewer)
        if not look.theme:
            await transact(set_preferences, viewer, theme=theme, accent=accent)
            look = await read(get_look, viewer)
        session = await self.get_state(SessionState)
        session.theme = look.theme
        session.accent = look.accent

    @rx.event
    async def choose_language(self, locale: str) -> None:
        """The language of mails, and of pages that do not name one."""
        viewer = await require_user(self)
        await transact(set_preferences, viewer, locale=locale)
        session = await self.get_state(SessionState)
        session.locale = locale
