"""A run as the browser holds it: from the chosen photo to the result; every tool page with a runner mixes this in."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import reflex as rx
import structlog
from reflex.event import EventSpec

from funmagic import paths
from funmagic.accounts.guards import current_viewer, require_user
from funmagic.accounts.state import SessionState
from funmagic.accounts.viewer import Viewer
from funmagic.db import DATABASE_AWAY, read, transact
from funmagic.errors import FunMagicError, LiveUpdatesPaused, NotFound
from funmagic.i18n.translate import _
from funmagic.library.service import AssetView, get_asset
from funmagic.models.base import new_id
from funmagic.models.tasks import ACTIVE_STATUSES
from funmagic.tasks import service
from funmagic.tasks.events import TERMINAL_EVENTS, EventType
from funmagic.tasks.photo_state import PhotoState
from funmagic.tasks.stream import follow_task
from funmagic.tasks.submit import Submission, submit_task
from funmagic.tasks.views import OutputAsset, TaskView
from funmagic.tasks.watch import PAUSED, StreamEvent
from funmagic.tools.service import get_tool

log = structlog.get_logger()

PAUSE_S = 2.0
MEGABYTE = 1024 * 1024


class RunState(PhotoState, mixin=True):
    """One run of one tool in one tab; from its start on, `phase` is the task's own status.

    All of this lives in one web process. When that one is gone the tab finds another, where Reflex calls `load` on an
    empty state: the address, the database and `submission_key` say what belongs on the stage.
    """

    title: str = ""
    description: str = ""
    features: list[str] = []
    progress: float = 0
    before_url: str = ""
    after_url: str = ""
    download_url: str = ""
    result_facts: str = ""
    error_message: str = ""
    is_paused: bool = False
    # The key of a run that was asked for and is not in the address yet; kept by the browser, per tab.
    submission_key: str = rx.SessionStorage("")

    _slug: str = ""
    _task_id: str = ""
    # The same key for the case that the browser never heard of it.
    _submission_key: str = ""
    # The newest follower is the one; Reflex cancels some of them, and starts others, when a connection is lost.
    _follower_id: str = ""
    # Set for the one load that must not bring another run of the same tool back onto the stage.
    _wants_new_photo: bool = False

    @rx.event
    async def load(self) -> AsyncGenerator[Any, None]:
        """Show the tool, and the run that the address names or that is still going on."""
        try:
            event = await self._load(await current_viewer(self))
        except DATABASE_AWAY:
            self.is_paused = self.phase in ACTIVE_STATUSES
            yield
            raise
        if event:
            yield event

    @rx.event
    async def finish_upload(self, asset_id: str) -> AsyncGenerator[Any, None]:
        """The photo has arrived: start the run. The asset's id keeps a repeated message from starting another."""
        viewer = await require_user(self)
        if not self._is_uploading(asset_id):
            return
        async for event in self._submit(viewer, {"assetId": asset_id}, key=f"page:{asset_id}"):
            yield event

    @rx.event
    async def run_again(self) -> AsyncGenerator[Any, None]:
        """Run the same photo once more, at the same price."""
        viewer = await self._require_user()
        if self.phase != "completed":
            return
        task = await read(service.get_task, viewer, self._task_id)
        async for event in self._submit(viewer, task.input, key=new_id()):
            yield event

    @rx.event
    async def retry_run(self) -> EventSpec | None:
        """Try a failed run again; the price is held anew."""
        viewer = await self._require_user()
        if self.phase != "failed":
            return None
        try:
            task = await asyncio.to_thread(service.retry_task, viewer, self._task_id)
        except FunMagicError as error:
            self.notice = error.notice
            return None
        return self._go_to(task)

    @rx.event
    async def cancel_run(self) -> None:
        """Stop the run; its credits come back."""
        viewer = await self._require_user()
        await transact(service.cancel_task, viewer, self._task_id)
        await self._show(viewer, await read(service.get_task, viewer, self._task_id))

    @rx.event
    async def new_photo(self) -> EventSpec:
        """Clear the stage for another photo."""
        self._start_over()
        self._remember_submission("")
        self._wants_new_photo = True
        return rx.redirect(paths.tool(self._slug))

    @rx.event(background=True)
    async def follow(self) -> None:
        """Follow the run on the stage to its end, once per tab; while live updates pause, the database is asked."""
        async with self:
            viewer = await require_user(self)
            task_id = self._task_id
            if self.phase not in ACTIVE_STATUSES:
                return
            self._follower_id = follower_id = new_id()
        while not await self._follow_to_end(viewer, task_id, follower_id):  # noqa: ASYNC110 - nobody tells when Redis is back
            await asyncio.sleep(PAUSE_S)

    async def _follow_to_end(self, viewer: Viewer, task_id: str, follower_id: str) -> bool:
        try:
            async with aclosing(follow_task(task_id)) as events:
                async for event in events:
                    async with self:
                        if not self._is_followed(task_id, follower_id):
                            return True
                        self._apply(event)
                        if event.data["type"] in TERMINAL_EVENTS:
                            await self._show(viewer, await read(service.get_task, viewer, task_id))
                            return True
        except LiveUpdatesPaused:
            return await self._look_up(viewer, task_id, follower_id)
        except DATABASE_AWAY as error:
            return await self._pause(task_id, follower_id, error)
        return True

    async def _look_up(self, viewer: Viewer, task_id: str, follower_id: str) -> bool:
        """What the database says while Redis is away; True at the end."""
        try:
            async with self:
                if not self._is_followed(task_id, follower_id):
                    return True
                task = await read(service.get_task, viewer, task_id)
                await self._show(viewer, task)
                self.is_paused = task.is_active
                return not task.is_active
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
        return (self._task_id, self._follower_id) == (task_id, follower_id)

    def _apply(self, event: StreamEvent) -> None:
        self.is_paused = event is PAUSED
        if event.data["type"] == EventType.STEP_STARTED:
            self.phase = "processing"
        elif event.data["type"] == EventType.PROGRESS:
            self.phase = "processing"
            self.progress = event.data["progress"]

    async def _require_user(self) -> Viewer:
        """Who presses a button of a run; after a reconnect that may come before `load`."""
        viewer = await require_user(self)
        if self.phase == "loading":
            await self._load(viewer)
        return viewer

    async def _load(self, viewer: Viewer | None) -> Any:
        """Fill the stage; what is left to do is an event."""
        if viewer and (submitted := await self._find_submitted(viewer)):
            if submitted.id != self._named_task_id():
                # Its address never reached the browser.
                return self._go_to(submitted)
            self._remember_submission("")
        tool = await read(get_tool, self._slug, viewer)
        self.title, self.description, self.features = tool.title, tool.description, tool.features
        self.price = tool.total_credits
        task = await self._find_task(viewer) if viewer else None
        if viewer and task:
            await self._show(viewer, task)
        elif self.phase not in ("choosing", "uploading"):
            self._start_over()
        self._wants_new_photo = False
        return type(self).follow if self._task_id else None

    def _named_task_id(self) -> str:
        return str(self.router.url.query_parameters.get("task", ""))

    async def _find_task(self, viewer: Viewer) -> TaskView | None:
        """The run named in the address, else the newest one still going on."""
        if task_id := self._named_task_id():
            try:
                task = await read(service.get_task, viewer, task_id)
            except NotFound:
                return None
            return task if task.tool_slug == self._slug else None
        # A connection that was merely lost must not take a photo off the stage.
        if self._wants_new_photo or self.has_photo:
            return None
        return await read(service.find_active_task, viewer, self._slug)

    async def _find_submitted(self, viewer: Viewer) -> TaskView | None:
        """The run that this tab asked for last, when the answer got lost on the way."""
        key = self._submission_key or self.submission_key
        return await read(service.find_submitted_task, viewer, self._slug, key) if key else None

    def _remember_submission(self, key: str) -> None:
        self.submission_key = self._submission_key = key

    async def _submit(self, viewer: Viewer, values: dict[str, Any], *, key: str) -> AsyncGenerator[Any, None]:
        if earlier := await self._find_submitted(viewer):
            yield self._go_to(earlier)
            return
        was, self.phase = "completed" if self.phase == "completed" else "choosing", "submitting"
        self._remember_submission(key)
        yield
        submission = Submission(self._slug, key, input=values, expected_credits=self.price)
        try:
            task, _is_new = await asyncio.to_thread(submit_task, viewer, submission)
        except FunMagicError as error:
            self.ticket, self.phase, self.notice = None, was, error.notice
            self.price = (await read(get_tool, self._slug, viewer)).total_credits
        except Exception:
            self.ticket, self.phase = None, was
            yield
            raise
        else:
            yield self._go_to(task)

    def _go_to(self, task: TaskView) -> EventSpec:
        return rx.redirect(paths.tool(self._slug, task.id))

    async def _show(self, viewer: Viewer, task: TaskView) -> None:
        self._start_over()
        self._task_id, self.phase, self.progress = task.id, task.status, task.progress
        self.error_message = task.error.message if task.error else ""
        if photo := await self._photo_of(viewer, task):
            self.before_url = photo.url
        if task.output and task.output.assets:
            result = task.output.assets[0]
            self.after_url = result.url
            self.download_url = paths.asset_download(result.id)
            self.result_facts = _facts(result)
        await (await self.get_state(SessionState))._refresh()  # noqa: SLF001 - a helper, kept from being an endpoint

    async def _photo_of(self, viewer: Viewer, task: TaskView) -> AssetView | None:
        try:
            return await read(get_asset, viewer, task.input.get("assetId", ""))
        except NotFound:
            return None

    def _start_over(self) -> None:
        self._clear_photo()
        self.progress, self.is_paused = 0, False
        self.before_url = self.after_url = self.download_url = self.result_facts = self.error_message = ""
        self._task_id = ""


def _facts(result: OutputAsset) -> str:
    size = f"{result.size / MEGABYTE:.1f} MB" if result.size >= MEGABYTE else f"{result.size // 1024} kB"
    return _(
        "{width} × {height} px · PNG · {size}", width=result.meta["width"], height=result.meta["height"], size=size
    )
