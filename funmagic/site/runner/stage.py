"""What the server shows on the stage of a runner: the tool, the photo, the run and how far it is, and other runs."""

import asyncio
from contextlib import aclosing
from typing import Any

import reflex as rx
import structlog

from funmagic import paths
from funmagic.catalogue.service import ToolView
from funmagic.core.db import DATABASE_AWAY, read
from funmagic.core.live.watch import PAUSED, StreamEvent
from funmagic.library.described_file import DescribedFile
from funmagic.models.base import new_id
from funmagic.sessions.service import is_still
from funmagic.sessions.viewer import Viewer
from funmagic.site.frame.state import SessionState
from funmagic.site.runner.failure_words import FailureView, describe_failure
from funmagic.site.runner.follower import LOOK_UP, follow_run
from funmagic.site.runner.phase import Phase
from funmagic.site.runner.progress import Progress
from funmagic.site.runner.results import ResultView
from funmagic.site.runner.run_view import RunCard, RunView, list_runs, look_at_run, mark_shown
from funmagic.site.runner.wait_words import describe_wait
from funmagic.tabs.callers import require_user, session_token
from funmagic.tasks.events import TERMINAL_EVENTS, EventType
from funmagic.tasks.waits import expected_wait, place_in_line

log = structlog.get_logger()

LOOK_AROUND_S = 4.0


class StageState(rx.State, mixin=True):
    """What lies on the stage of one tab, and what the server tells it by itself; the buttons are RunState's.

    What each reset leaves:

        reset           photo          its ticket  run and result  key of a submission
        _undo_submit    stays          goes        stays           stays
        _refuse_photo   is of no use   stays       stays           stays
        _drop_photo     goes           goes        stays           stays
        _reset_stage    goes           goes        go              stays
        _leave_stage    goes           goes        go              goes
    """

    phase: Phase = Phase.LOADING
    # Why the last press of a button led nowhere.
    notice: str = ""

    # What the tool is and costs. Until it is priced, no button names a price.
    title: str = ""
    description: str = ""
    features: list[str] = []
    price: int = 0
    is_priced: bool = False
    # The dearest thing that one button here does, for whoever has too few credits for it; untitled where it is a run.
    dearest_title: str = ""
    dearest_price: int = 0
    # The shop, which leads back to this stage.
    shop_url: str = paths.PRICING

    # The photo, which the browser uploads straight to the store once the button is pressed.
    has_photo: bool = False
    # The photo that was sent last is of no use, whatever is done with it.
    is_photo_refused: bool = False
    ticket: dict[str, Any] | None = None
    # Between the press of a button beside a result and the new run's address.
    is_starting: bool = False
    # The key of a run that was asked for and is not in the address yet; kept by the browser, per tab.
    submission_key: str = rx.SessionStorage("")

    # The run. `step_id` is the step that it does; empty when it does all of them.
    step_id: str = ""
    source_url: str = ""
    progress: Progress = Progress()
    partial_image: str = ""
    # What somebody would wait who pressed the button now, or what this run still waits.
    wait_line: str = ""
    is_paused: bool = False
    result: ResultView = ResultView()
    failure: FailureView = FailureView()
    # Where the runs are that this one goes on from, and that goes on from this one.
    parent_url: str = ""
    child_url: str = ""
    is_child_active: bool = False
    # The viewer's runs of this tool, the newest first.
    runs: list[RunCard] = []

    _slug: str = ""
    # The step that a photo starts; None where that is all of them.
    _first_step: str | None = None
    _photo: DescribedFile | None = None
    _task_id: str = ""
    # The same key for the case that the browser never heard of it.
    _submission_key: str = ""
    # Set for the one load that must not bring another run of the same tool back onto the stage.
    _wants_new_photo: bool = False
    # The newest follower is the one; Reflex cancels some of them, and starts others, when a connection is lost.
    _follower_id: str = ""
    _keeper_id: str = ""

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

    def _is_followed(self, task_id: str, follower_id: str) -> bool:
        # What is told late, of a run that was cancelled here, must not set it going again.
        return self.phase.is_active and (self._task_id, self._follower_id) == (task_id, follower_id)

    def _changes_elsewhere(self) -> bool:
        """Whether anything on the page changes of which the followed run's events do not tell."""
        return self.phase.is_in_line or any(run.is_active and run.id != self._task_id for run in self.runs)

    def _next_step(self) -> str | None:
        """The step that the button on the page starts now."""
        return self._first_step

    def _own_path(self) -> str:
        """Where what is on this stage is found again."""
        return paths.tool(self._slug, self._task_id or None)

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

    def _show_tool(self, tool: ToolView) -> None:
        """What the page says of the tool itself; tools with more to choose from add theirs."""
        self.title = tool.title
        self.description = tool.description
        self.features = tool.features
        self.is_priced = True
        prices = {step.id: step.credits for step in tool.steps}
        self.price = tool.total_credits if self._first_step is None else prices[self._first_step]
        dearest = max(tool.steps, key=lambda step: step.credits)
        self.dearest_title = "" if self._first_step is None else dearest.title
        self.dearest_price = self.price if self._first_step is None else dearest.credits

    async def _show_task(self, viewer: Viewer, task_id: str) -> None:
        """Put a run onto the stage as the database has it."""
        await self._show(await read(look_at_run, viewer, task_id))
        await self._show_surroundings(viewer)

    async def _show_surroundings(self, viewer: Viewer | None) -> None:
        """The wait that a press of the button would mean, and the viewer's other runs."""
        if not self.phase.is_active:
            self.wait_line = describe_wait(await read(expected_wait, self._slug, self._next_step()))
        self.runs = mark_shown(await read(list_runs, viewer, self._slug), self._task_id) if viewer else []

    async def _show(self, run: RunView) -> None:
        self._reset_stage()
        self._task_id = run.task.id
        self.step_id = run.task.step_id or ""
        self.shop_url = paths.pricing(self._own_path())
        self.phase = Phase(run.task.status)
        self.progress = Progress.of(run.task)
        self.wait_line = run.wait_line
        self.failure = describe_failure(run.task.error)
        self.source_url = run.source_url
        self.result = run.result
        self.parent_url = run.parent_url
        self.child_url = run.child_url
        self.is_child_active = run.is_child_active
        await (await self.get_state(SessionState))._refresh()  # noqa: SLF001 - a helper, kept from being an endpoint

    def _refuse_photo(self) -> None:
        """Take the photo off the stage; what was wrong with it is said in the notice."""
        self.has_photo = False
        self._photo = None
        self.is_photo_refused = True

    def _drop_photo(self) -> None:
        self.phase = Phase.CHOOSING
        self.has_photo = False
        self._photo = None
        self.is_photo_refused = False
        self.ticket = None
        self.notice = ""

    def _reset_stage(self) -> None:
        self._drop_photo()
        self._task_id = ""
        self.step_id = ""
        self.source_url = ""
        self.progress = Progress()
        self.partial_image = ""
        self.wait_line = ""
        self.is_paused = False
        self.result = ResultView()
        self.failure = FailureView()
        self.parent_url = ""
        self.child_url = ""
        self.is_child_active = False
        self.is_starting = False
        self.shop_url = paths.pricing(self._own_path())
