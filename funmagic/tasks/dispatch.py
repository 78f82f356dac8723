"""What follows a commit: a task's job goes on the queue, or its end is told. The clock repeats what was lost."""

from functools import partial

from sqlmodel import Session, col, select

from funmagic.core.db import after_commit, autocommitting, reading
from funmagic.core.queues import TaskJob, enqueue_cancel, enqueue_tasks
from funmagic.models.tasks import StepStatus, TaskStep
from funmagic.tasks import lifecycle
from funmagic.tasks.events import End, find_end, publish


def dispatch_tasks(*jobs: TaskJob) -> None:
    """Put jobs on the queue and note it; with Redis away their tasks keep waiting for the clock."""
    if enqueue_tasks(*jobs):
        with autocommitting() as session:
            lifecycle.mark_queued(session, jobs)


def announce_end(task_id: str, end: End | None = None) -> None:
    """Tell those who watch that a task has ended, and note that they were told; without `end` the database says how."""
    if end is None:
        with reading() as session:
            end = find_end(session, task_id)
    if end and publish(task_id, end[0], **end[1]):
        with autocommitting() as session:
            lifecycle.mark_announced(session, task_id)


def stop_remote_jobs(session: Session, task_id: str) -> None:
    """Have stopped, after the commit, what a task that is being cancelled runs at a provider."""
    remote = select(TaskStep.id).where(
        TaskStep.task_id == task_id, TaskStep.status == StepStatus.FAILED, col(TaskStep.provider_job_id).is_not(None)
    )
    if session.exec(remote).first():
        after_commit(session, partial(enqueue_cancel, task_id))
