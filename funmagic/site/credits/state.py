"""Credits in the browser: what somebody has, and the story of how it came to that."""

from typing import Any
from urllib.parse import urlencode

import reflex as rx
from sqlmodel import Session

from funmagic import paths
from funmagic.core.db import read
from funmagic.core.errors import InvalidInput
from funmagic.credits.history import StoryPage, list_stories
from funmagic.credits.service import get_balance
from funmagic.credits.views import Balance
from funmagic.models.credits import TransactionType
from funmagic.sessions.viewer import Viewer
from funmagic.site.credits.words import StoryRow, view_story
from funmagic.tabs.callers import current_viewer, require_user

PAGE = 20


class CreditsState(rx.State):
    """The credits of this tab's viewer."""

    is_loaded: bool = False
    balance: int = 0
    reserved: int = 0
    available: int = 0
    stories: list[StoryRow] = []
    # The type that is looked for; empty for all.
    type: str = ""
    has_more: bool = False
    export_url: str = paths.API_CREDITS_EXPORT

    _cursor: str = ""

    @rx.event
    async def load(self) -> Any:
        """Load the balance and the history; a visitor signs in first."""
        viewer = await current_viewer(self)
        if viewer is None:
            self.reset()  # type: ignore[no-untyped-call]
            return rx.redirect(f"{paths.LOGIN}?next={paths.CREDITS}")
        await self._begin(viewer)
        return None

    @rx.event
    async def choose_type(self, type_: str) -> None:
        """Show only stories of a type; of all with an empty one."""
        viewer = await require_user(self)
        self.type = _read_type(type_) or ""
        self.export_url = paths.API_CREDITS_EXPORT + (f"?{urlencode({'type': self.type})}" if self.type else "")
        await self._begin(viewer)

    @rx.event
    async def load_more(self) -> None:
        """Show older stories below those that are there."""
        viewer = await require_user(self)
        if not self.has_more:
            return
        page = await read(list_stories, viewer, type_=_read_type(self.type), limit=PAGE, cursor=self._cursor)
        known = {story.key for story in self.stories}
        self.stories += [view_story(story) for story in page.stories if story.key not in known]
        self._keep_cursor(page)

    @rx.event
    async def refresh(self) -> None:
        """Show what has happened meanwhile above what is there."""
        viewer = await require_user(self)
        page = await self._load_first_page(viewer)
        rows = [view_story(story) for story in page.stories]
        known = {story.id for story in self.stories}
        fresh = {row.key for row in rows}
        if any(row.id in known for row in rows):
            # Up to one that has not changed everything is here; below it nothing has changed.
            self.stories = rows + [story for story in self.stories if story.key not in fresh]
        else:
            self.stories = rows
            self._keep_cursor(page)

    async def _begin(self, viewer: Viewer) -> None:
        page = await self._load_first_page(viewer)
        self.stories = [view_story(story) for story in page.stories]
        self._keep_cursor(page)
        self.is_loaded = True

    async def _load_first_page(self, viewer: Viewer) -> StoryPage:
        balance, page = await read(_read_first_page, viewer, _read_type(self.type))
        self.balance = balance.balance
        self.reserved = balance.reserved
        self.available = balance.available
        return page

    def _keep_cursor(self, page: StoryPage) -> None:
        self._cursor = page.next_cursor or ""
        self.has_more = page.next_cursor is not None


def _read_first_page(session: Session, viewer: Viewer, type_: TransactionType | None) -> tuple[Balance, StoryPage]:
    return get_balance(session, viewer), list_stories(session, viewer, type_=type_, limit=PAGE)


def _read_type(type_: str) -> TransactionType | None:
    try:
        return TransactionType(type_) if type_ else None
    except ValueError:
        raise InvalidInput(field="type") from None
