"""What a stage shows by itself: the run that the address names, and how it and others go on; tool pages mix this in."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import reflex as rx
import structlog

from funmagic.catalogue.service import get_tool
from funmagic.core.db import DATABASE_AWAY, read
from funmagic.core.live.watch import PAUSED, StreamEvent
from funmagic.models.base import new_id
from funmagic.sessions.service import is_still
from funmagic.sessions.viewer import Viewer
from funmagic.site.frame.state import SessionState
from funmagic.site.runner.follower import LOOK_UP, follow_run
from funmagic.site.runner.phase import Phase
from funmagic.site.runner.run_view import find_run, list_runs, mark_shown
from funmagic.site.runner.stage import StageState
from funmagic.site.runner.wait_words import describe_wait
from funmagic.site.shop.shortage_state import ShortageState
from funmagic.tabs.callers import current_viewer, require_user, session_token
from funmagic.tasks.events import TERMINAL_EVENTS, EventType
from funmagic.tasks.waits import place_in_line

log = structlog.get_logger()

LOOK_AROUND_S = 4.0


class LiveState(StageState, mixin=True):
    """The stage of one tab, filled when the page loads and kept as things are from then on.

    All of this lives in one web process. When that one is gone the tab finds another, where Reflex calls `load` on an
    empty state: the address, the database and `submission_key` say what belongs on the stage.
    """

    # The newest follower is the one; Reflex cancels some of them, and starts others, when a connection is lost.
    _follower_id: str = ""
    _keeper_id: str = ""

    @rx.event
    async def load(self) -> AsyncGenerator[Any, None]:
        """Show the tool, and the run that the address names or that is still going on."""
        try:
            events = await self._load(await current_viewer(self))
        except DATABASE_AWAY:
            self.is_paused = self.phase.is_active
            yield
            raise
        for event in events:
            yield event

    @rx.event(background=True)
    async def follow(self) -> Any:
        """Follow the run on the stage to its end, once per tab; while live updates pause, the database is asked.

        Where its viewer is signed out meanwhile, the page is told so, and nothing more of the run.
        """
        async with self:
            viewer = await require_user(self)
            token = session_token(self)
            task_id = self._task_id
            if not self.phase.is_active:
                return None
            self._follower_id = follower_id = new_id()
        async with aclosing(follow_run(viewer, token, task_id)) as events:
            async for event in events:
                async with self:
                    if not self._is_followed(task_id, follower_id) or not await self._take_in(viewer, event):
                        break
        return None if await is_still(viewer, token) else SessionState.load

    @rx.event(background=True)
    async def keep_current(self) -> None:
        """Keep the place in line and the other runs as they are, once per tab, until nothing of it changes any more."""
        async with self:
            viewer = await require_user(self)
            token = session_token(self)
            self._keeper_id = keeper_id = new_id()
        while await self._look_around(viewer, token, keeper_id):  # noqa: ASYNC110 - other runs tell only those who follow them
            await asyncio.sleep(LOOK_AROUND_S)

    async def _load(self, viewer: Viewer | None) -> list[Any]:
        """Fill the stage; what is left to do are events."""
        named_id = str(self.router.url.query_parameters.get("task", ""))
        if viewer and (submitted := await self._find_submitted(viewer)):
            if submitted.id != named_id:
                # Its address never reached the browser.
                return [self._go_to(submitted)]
            self._remember_submission("")
        session = await self.get_state(SessionState)
        dialog = await self.get_state(ShortageState)
        dialog._forget(session.available)  # noqa: SLF001 - a helper, kept from being an endpoint
        self._show_tool(await read(get_tool, self._slug, viewer))
        # A connection that was merely lost must not take a photo off the stage.
        takes_active = not (self._wants_new_photo or self.has_photo)
        run = await read(find_run, viewer, self._slug, named_id, or_active=takes_active) if viewer else None
        if run:
            await self._show(run)
        elif self.phase not in (Phase.CHOOSING, Phase.UPLOADING):
            self._reset_stage()
        self._wants_new_photo = False
        await self._show_surroundings(viewer)
        follow = [type(self).follow] if self._task_id else []
        return [*follow, type(self).keep_current] if self._changes_elsewhere() else follow

    def _is_followed(self, task_id: str, follower_id: str) -> bool:
        # What is told late, of a run that was cancelled here, must not set it going again.
        return self.phase.is_active and (self._task_id, self._follower_id) == (task_id, follower_id)

    async def _take_in(self, viewer: Viewer, event: StreamEvent) -> bool:
        """Show what was told; whether there is more to come."""
        try:
            if event is LOOK_UP or event.type in TERMINAL_EVENTS:
                await self._show_task(viewer, self._task_id)
                self.is_paused = self.phase.is_active
            else:
                self._apply(event)
        except DATABASE_AWAY as error:
            log.warning("follower_lost_database", task_id=self._task_id, error=str(error))
            self.is_paused = True
        return self.phase.is_active

    def _apply(self, event: StreamEvent) -> None:
        self.is_paused = event is PAUSED
        match event.type:
            case EventType.STEP_STARTED:
                self.phase = Phase.PROCESSING
                self.partial_image = ""
                self.progress = self.progress.at(event.data["stepId"], 0)
            case EventType.PROGRESS:
                self.phase = Phase.PROCESSING
                self.progress = self.progress.at(event.data["stepId"], event.data["progress"])
            case EventType.PARTIAL_RESULT:
                self.partial_image = str(event.data["data"].get("image", ""))

    def _changes_elsewhere(self) -> bool:
        """Whether anything on the page changes of which the followed run's events do not tell."""
        return self.phase.is_in_line or any(run.is_active and run.id != self._task_id for run in self.runs)

    async def _look_around(self, viewer: Viewer, token: str | None, keeper_id: str) -> bool:
        """Look once; whether to look again."""
        async with self:
            if self._keeper_id != keeper_id or not self._changes_elsewhere():
                return False
            slug = self._slug
            waiting_id = self._task_id if self.phase.is_in_line else ""
        try:
            if not await is_still(viewer, token):
                return False
            wait = await read(place_in_line, waiting_id) if waiting_id else None
            runs = await read(list_runs, viewer, slug)
        except DATABASE_AWAY as error:
            log.warning("keeper_lost_database", error=str(error))
            return True
        async with self:
            if wait and self.phase.is_in_line and self._task_id == waiting_id:
                self.wait_line = describe_wait(wait)
            self.runs = mark_shown(runs, self._task_id)
            self.is_child_active = any(run.is_active and run.href == self.child_url for run in runs)
        return True
