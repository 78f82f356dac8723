"""Following live: the run on the stage to its end, its place in line, and the viewer's other runs of the tool."""

import asyncio
from contextlib import aclosing
from typing import Any

import reflex as rx
import structlog

from funmagic.core.db import DATABASE_AWAY, read
from funmagic.core.errors import LiveUpdatesPaused
from funmagic.models.base import new_id
from funmagic.sessions.service import is_still
from funmagic.sessions.viewer import Viewer
from funmagic.site.frame.state import SessionState
from funmagic.site.runner.progress_state import ProgressState
from funmagic.site.runner.run_view import RunCard, list_runs, mark_shown
from funmagic.site.runner.wait_words import describe_wait
from funmagic.tabs.callers import require_user, session_token
from funmagic.tasks.events import TERMINAL_EVENTS
from funmagic.tasks.stream import follow_task_as
from funmagic.tasks.waits import place_in_line

log = structlog.get_logger()

PAUSE_S = 2.0
LOOK_AROUND_S = 4.0


class FollowState(ProgressState, mixin=True):
    """What the server tells a tab by itself."""

    # The viewer's runs of this tool, the newest first.
    runs: list[RunCard] = []
    # Where the run is that goes on from the shown one.
    child_url: str = ""
    is_child_active: bool = False

    _slug: str = ""
    _task_id: str = ""
    # The newest follower is the one; Reflex cancels some of them, and starts others, when a connection is lost.
    _follower_id: str = ""
    _keeper_id: str = ""

    @rx.event(background=True)
    async def follow(self) -> Any:
        """Follow the run on the stage to its end, once per tab; while live updates pause, the database is asked.

        Where its viewer is signed out meanwhile, the page is told so, and nothing more of the run.
        """
        async with self:
            viewer, token = await require_user(self), session_token(self)
            task_id = self._task_id
            if not self._is_active():
                return None
            self._follower_id = follower_id = new_id()
        while not await self._follow_to_end(viewer, token, task_id, follower_id):  # noqa: ASYNC110 - nobody tells when Redis is back
            await asyncio.sleep(PAUSE_S)
        return None if await is_still(viewer, token) else SessionState.load

    @rx.event(background=True)
    async def keep_current(self) -> None:
        """Keep the place in line and the other runs as they are, once per tab, until nothing of it changes any more."""
        async with self:
            viewer, token = await require_user(self), session_token(self)
            self._keeper_id = keeper_id = new_id()
        while await self._look_around(viewer, token, keeper_id):  # noqa: ASYNC110 - other runs tell only those who follow them
            await asyncio.sleep(LOOK_AROUND_S)

    async def _show_task(self, viewer: Viewer, task_id: str) -> None:
        """Put a run onto the stage as the database has it."""
        raise NotImplementedError

    def _changes_elsewhere(self) -> bool:
        """Whether anything on the page changes of which the followed run's events do not tell."""
        return self._is_in_line() or any(run.is_active and run.id != self._task_id for run in self.runs)

    async def _look_around(self, viewer: Viewer, token: str | None, keeper_id: str) -> bool:
        """Look once; whether to look again."""
        async with self:
            if self._keeper_id != keeper_id or not self._changes_elsewhere():
                return False
            slug, waiting_id = self._slug, self._task_id if self._is_in_line() else ""
        try:
            if not await is_still(viewer, token):
                return False
            wait = await read(place_in_line, waiting_id) if waiting_id else None
            runs = await read(list_runs, viewer, slug)
        except DATABASE_AWAY as error:
            log.warning("keeper_lost_database", error=str(error))
            return True
        async with self:
            if wait and self._is_in_line() and self._task_id == waiting_id:
                self.wait_line = describe_wait(wait)
            self.runs = mark_shown(runs, self._task_id)
            self.is_child_active = any(run.is_active and run.href == self.child_url for run in runs)
        return True

    async def _follow_to_end(self, viewer: Viewer, token: str | None, task_id: str, follower_id: str) -> bool:
        try:
            async with aclosing(follow_task_as(viewer, token, task_id)) as events:
                async for event in events:
                    async with self:
                        if not self._is_followed(task_id, follower_id):
                            return True
                        self._apply(event)
                        if event.data["type"] in TERMINAL_EVENTS:
                            await self._show_task(viewer, task_id)
                            return True
        except LiveUpdatesPaused:
            return await self._look_up(viewer, token, task_id, follower_id)
        except DATABASE_AWAY as error:
            return await self._pause(task_id, follower_id, error)
        return True

    async def _look_up(self, viewer: Viewer, token: str | None, task_id: str, follower_id: str) -> bool:
        """What the database says while Redis is away; True at the end."""
        try:
            if not await is_still(viewer, token):
                return True
            async with self:
                if not self._is_followed(task_id, follower_id):
                    return True
                await self._show_task(viewer, task_id)
                self.is_paused = self._is_active()
                return not self.is_paused
        except DATABASE_AWAY as error:
            return await self._pause(task_id, follower_id, error)

    async def _pause(self, task_id: str, follower_id: str, error: Exception) -> bool:
        log.warning("follower_lost_database", task_id=task_id, error=str(error))
        async with self:
            if not self._is_followed(task_id, follower_id):
                return True
            self.is_paused = True
            return False

    def _is_followed(self, task_id: str, follower_id: str) -> bool:
        # What is told late, of a run that was cancelled here, must not set it going again.
        return self._is_active() and (self._task_id, self._follower_id) == (task_id, follower_id)
