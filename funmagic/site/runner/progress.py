"""How far a run is, step by step."""

from dataclasses import dataclass, field, replace
from typing import Self

from funmagic.tasks.views import TaskView


@dataclass(frozen=True)
class Progress:
    """The step that a run is at, counted from 1, and how far it and each of the others is, from 0 to 1."""

    share: float = 0
    current_step: str = ""
    step_number: int = 1
    step_shares: list[float] = field(default_factory=list)
    step_ids: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, task: TaskView) -> Self:
        """How far the database says that a run is."""
        shares = [step.progress for step in task.steps]
        progress = cls(step_shares=shares, step_ids=[step.id for step in task.steps])
        return progress.at(task.current_step or "", task.progress)

    def at(self, step_id: str, share: float) -> Self:
        """The same run that far in this step, with all before it done; a step of another run moves nothing."""
        if step_id not in self.step_ids:
            return replace(self, share=share)
        index = self.step_ids.index(step_id)
        following = len(self.step_ids) - index - 1
        shares = [1.0] * index + [share] + [0.0] * following
        return replace(self, share=share, current_step=step_id, step_number=index + 1, step_shares=shares)
