"""A task's life in the worker: claim it, advance its steps, and end it; whoever lost the lease changes nothing."""

import math
from functools import partial

import structlog
from rq.timeouts import JobTimeoutException
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlmodel import Session, col, select

from funmagic.db import after_commit, reading, transaction
from funmagic.models.tasks import StepStatus, TaskStep
from funmagic.tasks import lifecycle
from funmagic.tasks.dispatch import announce_end
from funmagic.tasks.events import EventType, publish
from funmagic.tasks.failures import FailureCode
from funmagic.tasks.lifecycle import Claim, LeaseLost
from worker.heartbeat import Heartbeat
from worker.outputs import discard_outputs, store_outputs
from worker.providers.base import Done, ProviderError, ProviderRateLimited, Waiting
from worker.providers.registry import find_provider
from worker.work import prepare_work

log = structlog.get_logger()

MAX_RETRIES = 3
BASE_BACKOFF_S = 1.0
MAX_BACKOFF_S = 60.0
LONGEST_DELAY_S = 3600.0


def run_task(task_id: str) -> None:
    """Work on a task until it ends, waits for its provider, or belongs to somebody else."""
    with transaction() as session:
        claim = lifecycle.claim_task(session, task_id)
    if claim is None:
        log.info("task_not_claimed", task_id=task_id)
        return
    try:
        with Heartbeat(claim) as heartbeat:
            _advance(claim, heartbeat)
    except LeaseLost:
        log.warning("lease_lost", task_id=task_id, attempt=claim.attempt)


def _advance(claim: Claim, heartbeat: Heartbeat) -> None:
    """Do step after step, until the task ends or waits."""
    has_more = True
    while has_more:
        with reading() as session:
            step = _next_step(session, claim.task_id)
        has_more = _run_step(claim, step, heartbeat)


def _run_step(claim: Claim, step: TaskStep, heartbeat: Heartbeat) -> bool:
    """Do what can be done of a step now; True when it is done and another one follows."""
    try:
        outcome = _call_provider(claim, step, heartbeat)
        if isinstance(outcome, Waiting):
            _wait(claim, step, outcome)
        else:
            return _finish(claim, step, outcome)
    except (LeaseLost, OperationalError, InterfaceError):
        # With the lease lost this is no longer ours to end; with the database away the next attempt will.
        raise
    except ProviderRateLimited as limit:
        _back_off(claim, step, limit)
    except ProviderError as error:
        _fail(claim, step, error.failure, detail=str(error))
    except JobTimeoutException:
        _fail(claim, step, FailureCode.TIMEOUT, detail="the job ran into the queue's time limit")
    except Exception as error:
        log.exception("step_broke", task_id=claim.task_id, step_id=step.step_id)
        _fail(claim, step, FailureCode.INTERNAL, detail=repr(error))
    return False


def _call_provider(claim: Claim, step: TaskStep, heartbeat: Heartbeat) -> Done | Waiting:
    with transaction() as session:
        lifecycle.start_step(session, claim, step.step_id)
    publish(claim.task_id, EventType.STEP_STARTED, stepId=step.step_id)
    provider = find_provider(step.provider)
    with reading() as session:
        work = prepare_work(session, claim.task_id, step)
    report = partial(heartbeat.report, step.step_id)
    if step.provider_job_id is not None:
        return provider.check(step.provider_job_id, work, report)
    return provider.start(work, report)


def _wait(claim: Claim, step: TaskStep, waiting: Waiting) -> None:
    with transaction() as session:
        lifecycle.save_remote_job(session, claim, step.step_id, waiting.provider_job_id)
        lifecycle.park_task(session, claim, seconds=_bounded(waiting.check_after_s), progress=waiting.progress)
    if waiting.progress is not None:
        publish(claim.task_id, EventType.PROGRESS, stepId=step.step_id, progress=waiting.progress)


def _back_off(claim: Claim, step: TaskStep, limit: ProviderRateLimited) -> None:
    if step.retries >= MAX_RETRIES:
        _fail(claim, step, FailureCode.RATE_LIMITED, detail=str(limit))
        return
    backoff = min(BASE_BACKOFF_S * 2**step.retries, MAX_BACKOFF_S)
    asked = _bounded(limit.retry_after_s or 0)
    with transaction() as session:
        lifecycle.count_retry(session, claim, step.step_id)
        lifecycle.park_task(session, claim, seconds=max(asked, backoff))


def _bounded(seconds: float) -> float:
    """A provider's wish for a delay, within what a run may wait."""
    return min(max(seconds, 0.0), LONGEST_DELAY_S) if math.isfinite(seconds) else LONGEST_DELAY_S


def _finish(claim: Claim, step: TaskStep, done: Done) -> bool:
    """Keep what a step made, and end the task after its last one; True when another step follows."""
    assets = store_outputs(claim, step, done.files)
    try:
        with transaction() as session:
            response = {"assetIds": [asset.id for asset in assets]}
            has_more = lifecycle.complete_step(session, claim, step, assets, usage=done.usage)
            told = partial(publish, claim.task_id, EventType.STEP_COMPLETED, stepId=step.step_id, output=response)
            after_commit(session, told)
            if not has_more:
                lifecycle.complete_task(session, claim, assets)
                after_commit(session, partial(announce_end, claim.task_id))
    except (OperationalError, InterfaceError):
        # The commit may have happened all the same, and then needs its files; if not, the next attempt removes them.
        raise
    except Exception:
        discard_outputs(assets)
        raise
    return has_more


def _fail(claim: Claim, step: TaskStep, code: FailureCode, *, detail: str) -> None:
    log.warning("task_failed", task_id=claim.task_id, step_id=step.step_id, code=code, detail=detail)
    with transaction() as session:
        lifecycle.fail_task(session, claim, code, detail=detail)
        after_commit(session, partial(publish, claim.task_id, EventType.STEP_FAILED, stepId=step.step_id, error=code))
        after_commit(session, partial(announce_end, claim.task_id))


def _next_step(session: Session, task_id: str) -> TaskStep:
    query = select(TaskStep).where(TaskStep.task_id == task_id, TaskStep.status != StepStatus.COMPLETED)
    return session.exec(query.order_by(col(TaskStep.position)).limit(1)).one()
