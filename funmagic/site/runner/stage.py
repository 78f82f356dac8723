"""What lies on the stage of a runner: the tool, the photo, the run and how far it is, and other runs."""

from typing import Any

import reflex as rx
from reflex.event import EventSpec

from funmagic import paths
from funmagic.catalogue.service import ToolView
from funmagic.core.db import read
from funmagic.library.described_file import DescribedFile
from funmagic.sessions.viewer import Viewer
from funmagic.site.frame.state import SessionState
from funmagic.site.runner.failure_words import FailureView
from funmagic.site.runner.phase import Phase
from funmagic.site.runner.progress import Progress
from funmagic.site.runner.results import ResultView
from funmagic.site.runner.run_view import RunCard, RunView, list_runs, look_at_run, mark_shown
from funmagic.site.runner.wait_words import describe_wait
from funmagic.tasks.service import find_submitted_task
from funmagic.tasks.views import TaskView
from funmagic.tasks.waits import expected_wait


class StageState(rx.State, mixin=True):
    """What lies on the stage of one tab; RunState has its buttons, and LiveState keeps it as things are.

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

    async def _load(self, viewer: Viewer | None) -> list[Any]:
        """Fill the stage, as LiveState does; what is left to do are events."""
        raise NotImplementedError

    def _next_step(self) -> str | None:
        """The step that the button on the page starts now."""
        return self._first_step

    def _own_path(self) -> str:
        """Where what is on this stage is found again."""
        return paths.tool(self._slug, self._task_id or None)

    def _go_to(self, task: TaskView) -> EventSpec:
        return rx.redirect(paths.tool(self._slug, task.id))

    async def _find_submitted(self, viewer: Viewer) -> TaskView | None:
        """The run that this tab asked for last, when the answer got lost on the way."""
        key = self._submission_key or self.submission_key
        return await read(find_submitted_task, viewer, self._slug, key) if key else None

    def _remember_submission(self, key: str) -> None:
        self.submission_key = self._submission_key = key

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
        self._set_run(run)
        await (await self.get_state(SessionState))._refresh()  # noqa: SLF001 - a helper, kept from being an endpoint

    def _set_run(self, run: RunView) -> None:
        self._task_id = run.id
        self.step_id = run.step_id
        self.shop_url = paths.pricing(self._own_path())
        self.phase = run.phase
        self.progress = run.progress
        self.wait_line = run.wait_line
        self.failure = run.failure
        self.source_url = run.source_url
        self.result = run.result
        self.parent_url = run.parent_url
        self.child_url = run.child_url
        self.is_child_active = run.is_child_active

    def _undo_submit(self) -> None:
        """Nothing was started: the stage is as it was before the button was pressed."""
        self.ticket = None
        self.is_starting = False
        if self.phase == Phase.SUBMITTING:
            self.phase = Phase.CHOOSING

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
        self._set_run(RunView())
        self.partial_image = ""
        self.is_paused = False
        self.is_starting = False

    def _leave_stage(self) -> EventSpec:
        self._reset_stage()
        self._remember_submission("")
        self._wants_new_photo = True
        return rx.redirect(paths.tool(self._slug))
