"""A run as the browser holds it: from the chosen photo to the result; every tool page with a runner mixes this in."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from funmagic import paths
from funmagic.catalogue.service import ToolView, get_tool
from funmagic.core.db import DATABASE_AWAY, read, transact
from funmagic.core.errors import FunMagicError, NotFound
from funmagic.credits.errors import InsufficientCredits
from funmagic.library.errors import ImageTooLarge, PhotoTooSmall, UnsupportedFile
from funmagic.library.service import save_asset
from funmagic.sessions.viewer import Viewer
from funmagic.site.frame.state import SessionState
from funmagic.site.runner.failure_words import FailureView, describe_failure
from funmagic.site.runner.follow_state import FollowState
from funmagic.site.runner.results import ResultView
from funmagic.site.runner.run_view import RunView, list_runs, look_at_run, mark_shown
from funmagic.site.runner.wait_words import describe_wait
from funmagic.site.shop.shortage_state import ShortageState
from funmagic.tabs.callers import current_viewer, require_user
from funmagic.tasks import service
from funmagic.tasks.submit import Submission, submit_task
from funmagic.tasks.views import TaskView
from funmagic.tasks.waits import expected_wait

# With these another photo is what helps.
USELESS_PHOTO = (UnsupportedFile, ImageTooLarge, PhotoTooSmall)


class RunState(FollowState, mixin=True):
    """One run of one tool in one tab; from its start on, `phase` is the task's own status.

    All of this lives in one web process. When that one is gone the tab finds another, where Reflex calls `load` on an
    empty state: the address, the database and `submission_key` say what belongs on the stage.
    """

    title: str = ""
    description: str = ""
    features: list[str] = []
    # The step that the shown run does; empty when it does all of them.
    step_id: str = ""
    source_url: str = ""
    result: ResultView = ResultView()
    failure: FailureView = FailureView()
    # Where the run is that this one goes on from.
    parent_url: str = ""
    # Between the press of a button beside a result and the new run's address.
    is_starting: bool = False
    # The key of a run that was asked for and is not in the address yet; kept by the browser, per tab.
    submission_key: str = rx.SessionStorage("")
    # Until then no button names a price.
    is_priced: bool = False
    # The dearest thing that one button here does, for whoever has too few credits for it; untitled where it is a run.
    dearest_title: str = ""
    dearest_price: int = 0
    # The shop, which leads back to this stage.
    shop_url: str = paths.PRICING

    # The step that a photo starts; None where that is all of them.
    _first_step: str | None = None
    # The same key for the case that the browser never heard of it.
    _submission_key: str = ""
    # Set for the one load that must not bring another run of the same tool back onto the stage.
    _wants_new_photo: bool = False

    @rx.event
    async def load(self) -> AsyncGenerator[Any, None]:
        """Show the tool, and the run that the address names or that is still going on."""
        try:
            events = await self._load(await current_viewer(self))
        except DATABASE_AWAY:
            self.is_paused = self._is_active()
            yield
            raise
        for event in events:
            yield event

    @rx.event
    async def finish_upload(self, asset_id: str) -> AsyncGenerator[Any, None]:
        """The photo has arrived: start the run. The asset's id keeps a repeated message from starting another."""
        viewer = await require_user(self)
        if not self._is_uploading(asset_id):
            return
        self.phase = "submitting"
        async for event in self._submit(viewer, self._first_run(self._input_for(asset_id), key=f"page:{asset_id}")):
            yield event

    @rx.event
    async def retry_run(self) -> EventSpec | None:
        """Try a failed run again; the price is held anew."""
        viewer = await self._require_user()
        if self.phase != "failed" or self.failure.needs_another_photo:
            return None
        try:
            task = await asyncio.to_thread(service.retry_task, viewer, self._task_id)
        except FunMagicError as error:
            await self._explain(error, viewer, self._price_of_run())
            return None
        return self._go_to(task)

    @rx.event
    async def cancel_run(self) -> None:
        """Stop the run; its credits come back."""
        viewer = await self._require_user()
        await transact(service.cancel_task, viewer, self._task_id)
        await self._show_task(viewer, self._task_id)

    @rx.event
    async def save_result(self) -> None:
        """Keep the result among the viewer's own files."""
        viewer = await self._require_user()
        if self.result.id:
            await transact(save_asset, viewer, self.result.id)
            self.result = replace(self.result, is_saved=True)

    @rx.event
    async def new_photo(self) -> EventSpec:
        """Clear the stage for another photo."""
        return self._clear_stage()

    def _clear_stage(self) -> EventSpec:
        self._start_over()
        self._remember_submission("")
        self._wants_new_photo = True
        return rx.redirect(paths.tool(self._slug))

    def _show_tool(self, tool: ToolView) -> None:
        """What the page says of the tool itself; tools with more to choose from add theirs."""
        self.title, self.description, self.features = tool.title, tool.description, tool.features
        self.is_priced = True
        prices = {step.id: step.credits for step in tool.steps}
        self.price = tool.total_credits if self._first_step is None else prices[self._first_step]
        dearest = max(tool.steps, key=lambda step: step.credits)
        self.dearest_title = "" if self._first_step is None else dearest.title
        self.dearest_price = self.price if self._first_step is None else dearest.credits

    def _input_for(self, asset_id: str) -> dict[str, Any]:
        """What a run of this photo is asked for with."""
        return {"assetId": asset_id}

    def _next_step(self) -> str | None:
        """The step that the button on the page starts now."""
        return self._first_step

    def _price_of_run(self) -> int:
        """What the run on the stage costs when it is done once more."""
        return self.price

    def _own_path(self) -> str:
        return paths.tool(self._slug, self._task_id or None)

    def _first_run(self, values: dict[str, Any], *, key: str) -> Submission:
        return Submission(self._slug, key, step_id=self._first_step, input=values, expected_credits=self.price)

    async def _require_user(self) -> Viewer:
        """Who presses a button of a run; after a reconnect that may come before `load`."""
        viewer = await require_user(self)
        if self.phase == "loading":
            await self._load(viewer)
        return viewer

    async def _load(self, viewer: Viewer | None) -> list[Any]:
        """Fill the stage; what is left to do are events."""
        if viewer and (submitted := await self._find_submitted(viewer)):
            if submitted.id != self._named_task_id():
                # Its address never reached the browser.
                return [self._go_to(submitted)]
            self._remember_submission("")
        session, dialog = await self.get_state(SessionState), await self.get_state(ShortageState)
        dialog._forget(session.available)  # noqa: SLF001 - a helper, kept from being an endpoint
        self._show_tool(await read(get_tool, self._slug, viewer))
        run = await self._find_run(viewer) if viewer else None
        if viewer and run:
            await self._show(run)
        elif self.phase not in ("choosing", "uploading"):
            self._start_over()
        self._wants_new_photo = False
        if not self._is_active():
            self.wait_line = describe_wait(await read(expected_wait, self._slug, self._next_step()))
        self.runs = mark_shown(await read(list_runs, viewer, self._slug), self._task_id) if viewer else []
        follow = [type(self).follow] if self._task_id else []
        return [*follow, type(self).keep_current] if self._changes_elsewhere() else follow

    def _named_task_id(self) -> str:
        return str(self.router.url.query_parameters.get("task", ""))

    async def _find_run(self, viewer: Viewer) -> RunView | None:
        """The run named in the address, else the newest one still going on."""
        if task_id := self._named_task_id():
            try:
                run = await read(look_at_run, viewer, task_id)
            except NotFound:
                return None
            return run if run.task.tool_slug == self._slug else None
        # A connection that was merely lost must not take a photo off the stage.
        if self._wants_new_photo or self.has_photo:
            return None
        task = await read(service.find_active_task, viewer, self._slug)
        return await read(look_at_run, viewer, task.id) if task else None

    async def _find_submitted(self, viewer: Viewer) -> TaskView | None:
        """The run that this tab asked for last, when the answer got lost on the way."""
        key = self._submission_key or self.submission_key
        return await read(service.find_submitted_task, viewer, self._slug, key) if key else None

    def _remember_submission(self, key: str) -> None:
        self.submission_key = self._submission_key = key

    async def _submit(self, viewer: Viewer, submission: Submission) -> AsyncGenerator[Any, None]:
        if earlier := await self._find_submitted(viewer):
            yield self._go_to(earlier)
            return
        self.is_starting = True
        self._remember_submission(submission.idempotency_key)
        yield
        try:
            task, _is_new = await asyncio.to_thread(submit_task, viewer, submission)
        except FunMagicError as error:
            self._take_back()
            if isinstance(error, USELESS_PHOTO):
                self._refuse_photo()
            await self._explain(error, viewer, submission.expected_credits or 0)
            self._show_tool(await read(get_tool, self._slug, viewer))
        except Exception:
            self._take_back()
            yield
            raise
        else:
            yield self._go_to(task)

    async def _explain(self, error: FunMagicError, viewer: Viewer, price: int) -> None:
        """Say why a run was not started; where credits are missing that were there a moment ago, offer more."""
        if not isinstance(error, InsufficientCredits) or await self._can_pay(viewer, price):
            self.notice = error.notice

    def _take_back(self) -> None:
        """Nothing was started: the stage is as it was before the button was pressed."""
        self.ticket, self.is_starting = None, False
        if self.phase == "submitting":
            self.phase = "choosing"

    def _go_to(self, task: TaskView) -> EventSpec:
        return rx.redirect(paths.tool(self._slug, task.id))

    async def _show_task(self, viewer: Viewer, task_id: str) -> None:
        await self._show(await read(look_at_run, viewer, task_id))
        if not self._is_active():
            self.wait_line = describe_wait(await read(expected_wait, self._slug, self._next_step()))
        self.runs = mark_shown(await read(list_runs, viewer, self._slug), task_id)

    async def _show(self, run: RunView) -> None:
        self._start_over()
        self._task_id, self.step_id = run.task.id, run.task.step_id or ""
        self.shop_url = paths.pricing(self._own_path())
        self._show_progress(run.task)
        self.wait_line = run.wait_line
        self.failure = describe_failure(run.task.error)
        self.source_url, self.result = run.source_url, run.result
        self.parent_url, self.child_url, self.is_child_active = run.parent_url, run.child_url, run.is_child_active
        await (await self.get_state(SessionState))._refresh()  # noqa: SLF001 - a helper, kept from being an endpoint

    def _start_over(self) -> None:
        self._clear_photo()
        self._clear_progress()
        self._task_id = self.step_id = self.source_url = self.parent_url = self.child_url = ""
        self.failure, self.result, self.is_child_active, self.is_starting = FailureView(), ResultView(), False, False
        self.shop_url = paths.pricing(self._own_path())
