"""What follows a commit: a task's job goes on the queue, or its end is told. The clock repeats what was lost."""

from funmagic.db import noting, reading
from funmagic.queues import TaskJob, enqueue_tasks
from funmagic.tasks import lifecycle
from funmagic.tasks.events import End, find_end, publish


def dispatch_tasks(*jobs: TaskJob) -> None:
    """Put jobs on the queue and note it; with Redis away their tasks keep waiting for the clock."""
    if enqueue_tasks(*jobs):
        with noting() as session:
            lifecycle.mark_queued(session, jobs)


def announce_end(task_id: str, end: End | None = None) -> None:
    """Tell those who watch that a task has ended, and note that they were told; without `end` the database says how."""
    if end is None:
        with reading() as session:
            end = find_end(session, task_id)
    if end and publish(task_id, end[0], **end[1]):
        with noting() as session:
            lifecycle.mark_announced(session, task_id)
