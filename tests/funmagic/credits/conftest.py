"""Tasks that hold nothing yet, for the ledger to work on."""

from sqlmodel import select

from funmagic.accounts.viewer import Viewer
from funmagic.credits import ledger
from funmagic.db import transaction
from funmagic.models.base import new_id
from funmagic.models.tasks import Task
from funmagic.models.tools import Tool


def make_task(viewer: Viewer) -> str:
    """A task's bare row, with no hold; returns its id."""
    with transaction() as session:
        tool = session.exec(select(Tool)).first()
        task = Task(user_id=viewer.id, tool_id=tool.id, credits_cost=0, idempotency_key=new_id(), request_hash="")
        session.add(task)
    return task.id


def reserve(viewer: Viewer, amount: int, task_id: str | None = None) -> str:
    """Hold credits for a task, a new one unless named; returns its id."""
    task_id = task_id or make_task(viewer)
    with transaction() as session:
        ledger.reserve(session, viewer.id, amount, task_id=task_id)
    return task_id


def confirm(task_id: str) -> None:
    """Spend what the task holds."""
    with transaction() as session:
        ledger.confirm(session, task_id=task_id)


def release(task_id: str) -> None:
    """Give back what the task holds."""
    with transaction() as session:
        ledger.release(session, task_id=task_id)
