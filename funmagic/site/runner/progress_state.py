"""How far the run on the stage is: its status, its steps, the picture so far, and its place in line."""

from funmagic.core.live.watch import PAUSED, StreamEvent
from funmagic.models.tasks import ACTIVE_STATUSES
from funmagic.site.runner.photo_state import PhotoState
from funmagic.tasks.events import EventType
from funmagic.tasks.views import TaskView


class ProgressState(PhotoState, mixin=True):
    """What is seen of a run while it goes on; `phase` is then the task's own status."""

    # How far the current step is, from 0 to 1; and the same of each step of the run.
    progress: float = 0
    step_shares: list[float] = []
    current_step: str = ""
    # Counted from 1.
    step_number: int = 1
    partial_image: str = ""
    # What somebody would wait who pressed the button now, or what this run still waits.
    wait_line: str = ""
    is_paused: bool = False

    _step_ids: list[str] = []

    def _is_active(self) -> bool:
        return self.phase in ACTIVE_STATUSES

    def _is_in_line(self) -> bool:
        return self.phase in ("pending", "queued")

    def _show_progress(self, task: TaskView) -> None:
        self.phase, self.progress = task.status, task.progress
        self._step_ids = [step.id for step in task.steps]
        self.step_shares = [step.progress for step in task.steps]
        self._show_step(task.current_step or "")

    def _clear_progress(self) -> None:
        self.progress, self.step_shares, self._step_ids = 0, [], []
        self.current_step, self.step_number, self.partial_image = "", 1, ""
        self.wait_line, self.is_paused = "", False

    def _apply(self, event: StreamEvent) -> None:
        self.is_paused = event is PAUSED
        if event.data["type"] == EventType.STEP_STARTED:
            self.phase, self.progress, self.partial_image = "processing", 0, ""
            self._show_step(event.data["stepId"])
        elif event.data["type"] == EventType.PROGRESS:
            self.phase, self.progress = "processing", event.data["progress"]
            self._show_step(event.data["stepId"])
        elif event.data["type"] == EventType.PARTIAL_RESULT:
            self.partial_image = str(event.data["data"].get("image", ""))

    def _show_step(self, step_id: str) -> None:
        if step_id not in self._step_ids:
            return
        self.current_step, index = step_id, self._step_ids.index(step_id)
        self.step_number = index + 1
        following = len(self._step_ids) - index - 1
        self.step_shares = [1.0] * index + [self.progress] + [0.0] * following
