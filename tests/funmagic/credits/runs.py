"""Runs as the ledger sees them: rows that hold, spend or give back credits."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from funmagic.core.db import reading, transaction
from funmagic.credits import ledger
from funmagic.models.audit_log import AuditEntry
from funmagic.models.base import new_id, utcnow
from funmagic.models.tasks import Task, TaskStatus
from funmagic.models.tools import Tool
from funmagic.sessions.viewer import Viewer


def make_task(viewer: Viewer) -> str:
    """A task's bare row, with no hold, as if it had ended without any; returns its id."""
    with transaction() as session:
        tool = session.exec(select(Tool)).first()
        task = Task(
            user_id=viewer.id,
            tool_id=tool.id,
            status=TaskStatus.FAILED,
            credits_cost=0,
            idempotency_key=new_id(),
            request_hash="",
        )
        session.add(task)
    return task.id


def reserve(viewer: Viewer, amount: int, task_id: str | None = None) -> str:
    """Hold credits for a task, a new one unless named; returns its id."""
    task_id = task_id or make_task(viewer)
    with transaction() as session:
        _move(session, task_id, TaskStatus.FAILED, status=TaskStatus.PENDING, credits_cost=amount)
        ledger.reserve(session, viewer.id, amount, task_id=task_id)
    return task_id


def confirm(task_id: str) -> None:
    """Spend what the task holds."""
    with transaction() as session:
        _move(session, task_id, TaskStatus.PENDING, status=TaskStatus.COMPLETED, finished_at=utcnow())
        ledger.confirm(session, task_id=task_id)


def release(task_id: str) -> None:
    """Give back what the task holds."""
    with transaction() as session:
        _move(session, task_id, TaskStatus.PENDING, status=TaskStatus.FAILED, finished_at=utcnow())
        ledger.release(session, task_id=task_id)


def charged(viewer: Viewer, cost: int = 20) -> str:
    """A task that was completed for so many credits; returns its id."""
    task_id = reserve(viewer, cost)
    confirm(task_id)
    return task_id


def acts() -> list[AuditEntry]:
    """The audit log, oldest first."""
    with reading() as session:
        return list(session.exec(select(AuditEntry).order_by(col(AuditEntry.id))))


def _move(session: Session, task_id: str, before: TaskStatus, **columns: Any) -> None:
    """Change a task that has not ended, as the engine does in the transaction that changes its credits."""
    is_there = col(Task.id) == task_id, col(Task.status) == before, col(Task.finished_at).is_(None)
    session.execute(sa.update(Task).where(*is_there).values(**columns))
