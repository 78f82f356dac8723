"""A user's tasks: look, cancel, try again, delete. Owners only; anybody else finds nothing there."""

from functools import partial

from sqlmodel import Session, col, select

from funmagic.core.db import after_commit, reading
from funmagic.core.errors import NotFound
from funmagic.core.json import decode_cursor, encode_cursor
from funmagic.models.base import utcnow
from funmagic.models.tasks import ACTIVE_STATUSES, Task, TaskStatus
from funmagic.models.tools import Tool
from funmagic.sessions.viewer import Viewer
from funmagic.tasks import lifecycle
from funmagic.tasks.dispatch import announce_end, stop_remote_jobs
from funmagic.tasks.errors import TaskFinished, TaskNotFailed, TaskRunning
from funmagic.tasks.submit import Submission, submit_task
from funmagic.tasks.views import TaskPage, TaskView, view_tasks

RETRY_KEY = "retry:"


def get_task(session: Session, viewer: Viewer, task_id: str) -> TaskView:
    """One task of the viewer's with its children; raises NotFound."""
    return view_tasks(session, [_find_own(session, viewer, task_id)], with_children=True)[0]


def list_tasks(
    session: Session,
    viewer: Viewer,
    *,
    status: TaskStatus | None = None,
    tool_slug: str | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> TaskPage:
    """The viewer's tasks, newest first."""
    query = select(Task).where(Task.user_id == viewer.id, col(Task.deleted_at).is_(None))
    if status is not None:
        query = query.where(Task.status == status)
    if tool_slug is not None:
        query = query.join(Tool, col(Tool.id) == Task.tool_id).where(Tool.slug == tool_slug)
    if before := decode_cursor(cursor):
        query = query.where(col(Task.id) < before)
    rows = session.exec(query.order_by(col(Task.id).desc()).limit(limit + 1)).all()
    return TaskPage(
        tasks=view_tasks(session, list(rows[:limit])),
        next_cursor=encode_cursor(rows[limit - 1].id) if len(rows) > limit else None,
    )


def find_active_task(session: Session, viewer: Viewer, tool_slug: str) -> TaskView | None:
    """The viewer's newest run of a tool that is still going on."""
    mine = select(Task).where(Task.user_id == viewer.id, col(Task.status).in_(ACTIVE_STATUSES))
    query = mine.join(Tool, col(Tool.id) == Task.tool_id).where(Tool.slug == tool_slug)
    task = session.exec(query.order_by(col(Task.id).desc()).limit(1)).first()
    return view_tasks(session, [task])[0] if task else None


def find_submitted_task(session: Session, viewer: Viewer, tool_slug: str, key: str) -> TaskView | None:
    """The viewer's run of a tool that was submitted with this Idempotency-Key, if there is one."""
    mine = select(Task).where(Task.user_id == viewer.id, Task.idempotency_key == key, col(Task.deleted_at).is_(None))
    task = session.exec(mine.join(Tool, col(Tool.id) == Task.tool_id).where(Tool.slug == tool_slug)).first()
    return view_tasks(session, [task])[0] if task else None


def cancel_task(session: Session, viewer: Viewer, task_id: str) -> TaskView:
    """Stop a run and give its credits back; raises NotFound or TaskFinished."""
    task = _find_own(session, viewer, task_id)
    if not lifecycle.cancel_task(session, task.id):
        raise TaskFinished
    after_commit(session, partial(announce_end, task.id))
    stop_remote_jobs(session, task.id)
    session.refresh(task)
    return view_tasks(session, [task], with_children=True)[0]


def retry_task(viewer: Viewer, task_id: str) -> TaskView:
    """A new run with the inputs of a failed one; asking again returns the run it led to. Raises TaskNotFailed.

    It takes no session, because `submit_task` looks at photos between transactions of its own.
    """
    with reading() as session:
        task = _find_own(session, viewer, task_id)
        slug = session.get_one(Tool, task.tool_id).slug
    if task.status != TaskStatus.FAILED:
        raise TaskNotFailed
    submission = Submission(
        tool_slug=slug,
        idempotency_key=f"{RETRY_KEY}{task.id}",
        step_id=task.step_id,
        parent_task_id=task.parent_task_id,
        input=task.input,
    )
    return submit_task(viewer, submission)[0]


def delete_task(session: Session, viewer: Viewer, task_id: str) -> None:
    """Take an ended task off the viewer's list; raises TaskRunning or NotFound."""
    task = _find_own(session, viewer, task_id)
    if task.status in ACTIVE_STATUSES:
        raise TaskRunning
    task.deleted_at = utcnow()
    if task.idempotency_key.startswith(RETRY_KEY):
        # The key is given back: trying the failed run again must not lead to a run that is gone.
        task.idempotency_key = f"deleted:{task.id}"


def _find_own(session: Session, viewer: Viewer, task_id: str) -> Task:
    task = session.get(Task, task_id)
    if task is None or task.user_id != viewer.id or task.deleted_at is not None:
        raise NotFound
    return task
