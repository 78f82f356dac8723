"""The engine's statements: claim, park, finish a step, fail or cancel; each conditional, so that one caller wins.

A lease token is the fence: whoever lost the lease changes nothing any more, however late they come.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from funmagic.core.db import execute_rows
from funmagic.core.queues import QueueName, TaskJob
from funmagic.credits import ledger
from funmagic.models.assets import Asset
from funmagic.models.base import db_time, new_id, utcnow
from funmagic.models.tasks import ACTIVE_STATUSES, FailureCode, StepStatus, Task, TaskStatus, TaskStep
from funmagic.tasks.failures import SENTENCES
from funmagic.tasks.statements import (
    BEGIN_STEP,
    CLAIM,
    CLAIM_ORPHANED,
    COMPLETE_STEP,
    COMPLETE_TASK,
    COUNT_USAGE,
    FIND_CURRENT_STEP,
    FIND_LATER_STEP,
    FIRST_OPEN_QUEUE,
    INSERT_ASSETS,
    LEASE_S,
    LOOK_AGAIN_S,
    MARK_ANNOUNCED,
    MARK_QUEUED,
    STEPS,
    TASKS,
)

MAX_ATTEMPTS = 3


class LeaseLost(Exception):
    """Somebody else holds this task now, or it has ended; what was done for it no longer counts."""


@dataclass(frozen=True)
class Claim:
    """The right to work on a task until the lease runs out."""

    task_id: str
    token: str
    attempt: int


def claim_task(session: Session, task_id: str, *, only_orphaned: bool = False) -> Claim | None:
    """Take a waiting, parked or orphaned task; None when somebody has it or it has ended."""
    token = new_id()
    statement = CLAIM_ORPHANED if only_orphaned else CLAIM
    attempt = session.execute(statement, {"b_task_id": task_id, "b_lease_token": token}).scalar_one_or_none()
    return None if attempt is None else Claim(task_id, token, attempt)


def take_step(session: Session, claim: Claim) -> TaskStep:
    """The step that a task just claimed is at, as it was; from here on it is being worked on."""
    step: TaskStep = session.execute(FIND_CURRENT_STEP, {"b_task_id": claim.task_id}).scalar_one()
    if step.status == StepStatus.PENDING:
        session.execute(BEGIN_STEP, {"b_id": step.id})
    return step


def extend_lease(session: Session, claim: Claim, progress: float | None) -> bool:
    """Renew the lease and save the progress, if there is any; False when another worker holds the task."""
    noted = {} if progress is None else {"progress": progress}
    return _change(session, claim, leased_until=db_time(LEASE_S), **noted)


def save_remote_job(
    session: Session,
    claim: Claim,
    step_id: str,
    job_id: str,
    *,
    job: dict[str, Any] | None = None,
    request: dict[str, Any] | None = None,
) -> None:
    """Save a remote job before anything waits for it: its id, what finds it again, and the request.

    Raises LeaseLost.
    """
    _keep(session, claim)
    noted = {"response": {"job": job}} if job else {}
    asked = {"request": request} if request else {}
    started_at = sa.func.coalesce(STEPS.c.job_started_at, db_time(), type_=db_time.type)
    _change_step(session, claim, step_id, provider_job_id=job_id, job_started_at=started_at, **noted, **asked)


def park_task(session: Session, claim: Claim, *, seconds: float, progress: float | None = None) -> None:
    """Release the lease; the clock enqueues the task after `seconds`. Raises LeaseLost."""
    changes: dict[str, Any] = {} if progress is None else {"progress": progress}
    _keep(session, claim, lease_token=None, leased_until=None, next_check_at=db_time(seconds), **changes)


def count_retry(session: Session, claim: Claim, step_id: str) -> None:
    """Count one more call that the provider's limit turned away."""
    _change_step(session, claim, step_id, retries=STEPS.c.retries + 1)


def finish_step(
    session: Session,
    claim: Claim,
    step: TaskStep,
    assets: list[Asset],
    *,
    usage: dict[str, Any],
    request: dict[str, Any] | None = None,
    response: dict[str, Any] | None = None,
) -> TaskStep | None:
    """Keep what a step made, and begin the next one, which is returned; after the last one the task is completed.

    Its output, its status, its charge and the tool's count: all or nothing. Raises LeaseLost.
    """
    output = {"assetIds": [asset.id for asset in assets]}
    following = None if _complete_task(session, claim, step, output) else _begin_next_step(session, claim, step)
    if assets:
        # Not as mapped objects: those of a commit that failed would pass for stored when it is tried again.
        execute_rows(session, INSERT_ASSETS, [asset.model_dump() for asset in assets])
    completed = {
        "b_id": step.id,
        "b_request": {**step.request, **(request or {})},
        "b_response": {**(response or {}), **output},
        "b_usage": usage,
    }
    session.execute(COMPLETE_STEP, completed)
    if following is None:
        ledger.confirm(session, task_id=claim.task_id)
        session.execute(COUNT_USAGE, {"b_task_id": claim.task_id})
    return following


def fail_task(session: Session, claim: Claim, code: FailureCode, *, detail: str = "") -> None:
    """Mark a task as failed and release its credits; the detail is for operators. Raises LeaseLost."""
    _keep(session, claim, **_failure(code))
    _fail_open_steps(session, claim.task_id, detail or code)
    ledger.release(session, task_id=claim.task_id)


def cancel_task(session: Session, task_id: str) -> bool:
    """Mark a task as cancelled and release its credits, whoever holds it; False when it had already ended."""
    changed = session.execute(
        sa.update(TASKS)
        .where(TASKS.c.id == task_id, TASKS.c.status.in_(ACTIVE_STATUSES))
        .values(**_failure(FailureCode.CANCELLED))
    )
    if not changed.rowcount:  # type: ignore[attr-defined]
        return False
    _fail_open_steps(session, task_id, FailureCode.CANCELLED)
    ledger.release(session, task_id=task_id)
    return True


def mark_queued(session: Session, jobs: Sequence[TaskJob]) -> None:
    """Mark tasks as queued, and set when the clock checks whether their jobs got lost."""
    # In one order, so that two who mark many at once cannot wait for each other.
    ordered = sorted(jobs, key=lambda job: job.task_id)
    execute_rows(session, MARK_QUEUED, [{"b_task_id": job.task_id, "b_enqueues": job.number} for job in ordered])


def postpone_checks(session: Session, task_ids: list[str]) -> None:
    """Set a later check for tasks whose jobs still wait on the queue."""
    session.execute(
        sa.update(TASKS)
        .where(TASKS.c.id.in_(task_ids), TASKS.c.next_check_at.is_not(None))
        .values(next_check_at=db_time(LOOK_AGAIN_S))
    )


def find_due_jobs(session: Session, limit: int = 1000) -> list[TaskJob]:
    """The next job of every task that no worker holds and whose check is due."""
    runs_remotely = sa.exists().where(
        STEPS.c.task_id == TASKS.c.id, STEPS.c.status == StepStatus.PROCESSING, STEPS.c.provider_job_id.is_not(None)
    )
    due = sa.select(TASKS.c.id, TASKS.c.enqueues + 1, runs_remotely, FIRST_OPEN_QUEUE).where(
        TASKS.c.next_check_at <= db_time(), TASKS.c.status.in_(ACTIVE_STATUSES)
    )
    rows = session.execute(due.order_by(TASKS.c.next_check_at).limit(limit))
    # Polling a remote job is quick, and may end a run and free a slot: it goes before what has not begun.
    return [TaskJob(task_id, number, is_urgent, QueueName(queue)) for task_id, number, is_urgent, queue in rows]


def find_orphaned_tasks(session: Session, limit: int = 200) -> list[Task]:
    """Tasks whose worker stopped renewing its lease."""
    query = select(Task).where(col(Task.leased_until) < db_time(), col(Task.status) == TaskStatus.PROCESSING)
    return list(session.exec(query.order_by(col(Task.leased_until)).limit(limit)).all())


def revoke_lease(session: Session, task_id: str) -> None:
    """Take an orphaned task from its dead worker, so that its next attempt is due now."""
    session.execute(
        sa.update(TASKS)
        .where(TASKS.c.id == task_id, TASKS.c.leased_until < db_time(), TASKS.c.status == TaskStatus.PROCESSING)
        .values(lease_token=None, leased_until=None, attempts=TASKS.c.attempts + 1, next_check_at=db_time())
    )


def find_unannounced_tasks(session: Session, limit: int = 200) -> list[Task]:
    """Ended tasks whose terminal event was never published, because the process died right after the commit."""
    query = select(Task).where(col(Task.finished_at) < db_time(-2), col(Task.announced_at).is_(None))
    return list(session.exec(query.limit(limit)).all())


def mark_announced(session: Session, task_id: str) -> None:
    """Set `announced_at`: the terminal event was published."""
    session.execute(MARK_ANNOUNCED, {"b_task_id": task_id, "b_announced_at": utcnow()})


def _keep(session: Session, claim: Claim, **changes: Any) -> None:
    # Setting the token to itself makes this a write: on PostgreSQL it locks the row until the transaction ends.
    if not _change(session, claim, **(changes or {"lease_token": claim.token})):
        raise LeaseLost(claim.task_id)


def _complete_task(session: Session, claim: Claim, last_step: TaskStep, output: dict[str, Any]) -> bool:
    """End the task well; False when another step follows, or the lease is lost."""
    completed = {
        "b_task_id": claim.task_id,
        "b_lease_token": claim.token,
        "b_position": last_step.position,
        "b_output": output,
    }
    return bool(session.execute(COMPLETE_TASK, completed).rowcount)  # type: ignore[attr-defined]


def _begin_next_step(session: Session, claim: Claim, step: TaskStep) -> TaskStep:
    later = {"b_task_id": claim.task_id, "b_position": step.position}
    following: TaskStep | None = session.execute(FIND_LATER_STEP, later).scalar_one_or_none()
    if following is None:
        raise LeaseLost(claim.task_id)
    _keep(session, claim, current_step=following.step_id)
    session.execute(BEGIN_STEP, {"b_id": following.id})
    return following


def _change(session: Session, claim: Claim, **changes: Any) -> bool:
    changed = session.execute(
        sa.update(TASKS)
        .where(
            TASKS.c.id == claim.task_id,
            TASKS.c.lease_token == claim.token,
            TASKS.c.status == TaskStatus.PROCESSING,
        )
        .values(**changes)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def _change_step(session: Session, claim: Claim, step_id: str, **changes: Any) -> None:
    session.execute(
        sa.update(STEPS).where(STEPS.c.task_id == claim.task_id, STEPS.c.step_id == step_id).values(**changes)
    )


def _fail_open_steps(session: Session, task_id: str, detail: str) -> None:
    session.execute(
        sa.update(STEPS)
        .where(STEPS.c.task_id == task_id, STEPS.c.status == StepStatus.PROCESSING)
        .values(status=StepStatus.FAILED, error=detail[:1000], finished_at=db_time())
    )


def _failure(code: FailureCode) -> dict[str, Any]:
    return {"status": TaskStatus.FAILED, "error_code": code, "error_message": SENTENCES[code], **_ended()}


def _ended() -> dict[str, Any]:
    return {"lease_token": None, "leased_until": None, "next_check_at": None, "finished_at": db_time()}
