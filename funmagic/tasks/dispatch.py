"""After a commit this module enqueues a task's job or publishes its end; the clock repeats what was lost."""

from functools import partial

from sqlmodel import Session, col, select

from funmagic.core.db import after_commit, autocommitting, reading
from funmagic.core.queues import TaskJob, enqueue_cancel, enqueue_tasks
from funmagic.models.tasks import StepStatus, TaskStep
from funmagic.tasks import lifecycle
from funmagic.tasks.events import End, find_end, publish


def dispatch_tasks(*jobs: TaskJob) -> None:
    """Enqueue jobs and mark their tasks as queued; while Redis is away the tasks wait for the clock."""
    if enqueue_tasks(*jobs):
        with autocommitting() as session:
            lifecycle.mark_queued(session, jobs)


def announce_end(task_id: str, end: End | None = None) -> None:
    """Publish a task's terminal event and set `announced_at`; without `end`, read it from the database."""
    if end is None:
        with reading() as session:
            end = find_end(session, task_id)
    if end and publish(task_id, end[0], **end[1]):
        with autocommitting() as session:
            lifecycle.mark_announced(session, task_id)


def stop_remote_jobs(session: Session, task_id: str) -> None:
    """Enqueue, after the commit, the job that stops what a cancelled task runs at a provider."""
    remote = select(TaskStep.id).where(
        TaskStep.task_id == task_id, TaskStep.status == StepStatus.FAILED, col(TaskStep.provider_job_id).is_not(None)
    )
    if session.exec(remote).first():
        after_commit(session, partial(enqueue_cancel, task_id))
