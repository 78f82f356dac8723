"""Stops what still runs at a provider for a task that its owner no longer wants."""

from typing import Any

import structlog
from sqlmodel import col, select

from funmagic.core.db import reading
from funmagic.models.providers import ProviderScope
from funmagic.models.tasks import FailureCode, StepStatus, Task, TaskStep
from worker.limits.slots import give_slot_back
from worker.providers.accounts import read_account
from worker.providers.base import ProviderError, Work
from worker.providers.registry import open_provider

log = structlog.get_logger()


def cancel_remote_jobs(task_id: str) -> None:
    """Have the remote jobs of a cancelled task stopped; a provider that is away keeps its job, and nothing breaks."""
    with reading() as session:
        abandoned = select(TaskStep).join(Task, col(Task.id) == col(TaskStep.task_id))
        steps = session.exec(
            abandoned.where(
                Task.id == task_id,
                Task.error_code == FailureCode.CANCELLED,
                TaskStep.status == StepStatus.FAILED,
                col(TaskStep.provider_job_id).is_not(None),
            )
        ).all()
    for step in steps:
        stop_job(step, str(step.provider_job_id), step.response.get("job", {}))


def stop_job(step: TaskStep, job_id: str, job: dict[str, Any]) -> None:
    """Cancel a job at a step's provider; its slot is free at once when the job is known to run no more."""
    try:
        with reading() as session:
            account = read_account(session, ProviderScope.WEB, step.provider, must_be_active=False)
        work = Work(operation="", files={}, model=step.model, job=job)
        has_stopped = open_provider(account).cancel(job_id, work)
    except ProviderError as error:
        log.warning("remote_job_not_cancelled", task_id=step.task_id, job_id=job_id, error=str(error))
        return
    log.info("remote_job_cancelled", task_id=step.task_id, job_id=job_id, has_stopped=has_stopped)
    if has_stopped:
        give_slot_back(account.scope, account.name, step.id)
