"""What the stage of a run shows."""

from enum import StrEnum

from funmagic.models.tasks import ACTIVE_STATUSES, IN_LINE, TaskStatus


class Phase(StrEnum):
    """From the choice of a photo to the result; from the run's start on, it is the task's own status."""

    LOADING = "loading"
    CHOOSING = "choosing"
    UPLOADING = "uploading"
    SUBMITTING = "submitting"
    PENDING = TaskStatus.PENDING.value
    QUEUED = TaskStatus.QUEUED.value
    PROCESSING = TaskStatus.PROCESSING.value
    COMPLETED = TaskStatus.COMPLETED.value
    FAILED = TaskStatus.FAILED.value

    @property
    def is_active(self) -> bool:
        """Whether a run goes on."""
        return self.value in ACTIVE_STATUSES

    @property
    def is_in_line(self) -> bool:
        """Whether a run goes on that no worker has begun with."""
        return self.value in IN_LINE
