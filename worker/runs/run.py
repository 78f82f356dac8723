"""A task's life in the worker: claim it, advance its steps, and end it; whoever lost the lease changes nothing."""

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import structlog
from rq.timeouts import JobTimeoutException
from sqlmodel import Session

from funmagic.core.db import DATABASE_AWAY, after_commit, transaction
from funmagic.core.storage.protocol import StorageUnavailable
from funmagic.models.tasks import FailureCode, StepStatus, TaskStep
from funmagic.tasks import lifecycle
from funmagic.tasks.dispatch import announce_end
from funmagic.tasks.events import EventType, completed_end, failed_end, publish
from funmagic.tasks.lifecycle import Claim, LeaseLost
from worker.limits.slots import NoSlot
from worker.providers.base import Done, ProviderError, Waiting
from worker.providers.results import refuse_empty
from worker.runs.calls import TryLater, bounded, call_provider
from worker.runs.cancel import stop_job
from worker.runs.heartbeat import Heartbeat
from worker.runs.observe import observed_attempt
from worker.runs.outputs import discard_outputs, store_outputs
from worker.runs.subject import Subject, load_subject

log = structlog.get_logger()

T = TypeVar("T")

# What a provider did is paid for: a database that restarts meanwhile is waited for, as long as the lease may last.
DATABASE_PATIENCE_S = 8.0
DATABASE_PAUSE_S = 0.25
# Together about a minute.
STORAGE_RETRIES = 6


def run_task(task_id: str) -> None:
    """Work on a task until it ends, waits for its provider, or belongs to somebody else."""
    with transaction() as session:
        claim = lifecycle.claim_task(session, task_id)
        step = lifecycle.take_step(session, claim) if claim else None
    if claim is None or step is None:
        log.info("task_not_claimed", task_id=task_id)
        return
    with observed_attempt(claim):
        try:
            with Heartbeat(claim) as heartbeat:
                _advance(claim, step, heartbeat)
        except LeaseLost:
            log.warning("lease_lost")


def _advance(claim: Claim, step: TaskStep | None, heartbeat: Heartbeat) -> None:
    """Do step after step, until the task ends or waits."""
    while step is not None:
        if step.status == StepStatus.PENDING:  # as it was when it was taken: it begins now
            publish(claim.task_id, EventType.STEP_STARTED, stepId=step.step_id)
        step = _run_step(claim, step, heartbeat)


def _run_step(claim: Claim, step: TaskStep, heartbeat: Heartbeat) -> TaskStep | None:
    """Do what can be done of a step now; the next step when it is done and another one follows."""
    try:
        subject = load_subject(step)
        outcome = call_provider(subject, heartbeat)
        if isinstance(outcome, Done):
            refuse_empty(outcome.files)
            return _finish_step(claim, subject, outcome)
        _wait(claim, step, outcome)
    except (LeaseLost, *DATABASE_AWAY):
        # With the lease lost this is no longer ours to end; with the database away the next attempt will.
        raise
    except NoSlot as denied:
        _put_off(claim, denied.retry_after_s)
    except TryLater as later:
        _put_off(claim, later.seconds, counted=step)
    except StorageUnavailable as error:
        _await_storage(claim, step, error)
    except ProviderError as error:
        _fail_task(claim, step, error.failure, detail=str(error))
    except JobTimeoutException:
        _fail_task(claim, step, FailureCode.TIMEOUT, detail="the job ran into the queue's time limit")
    except Exception as error:
        log.exception("step_broke", step_id=step.step_id)
        _fail_task(claim, step, FailureCode.INTERNAL, detail=repr(error))
    return None


def _wait(claim: Claim, step: TaskStep, waiting: Waiting) -> None:
    request = {**step.request, **waiting.request}

    def save(session: Session) -> None:
        lifecycle.save_remote_job(
            session, claim, step.step_id, waiting.provider_job_id, job=waiting.job, request=request
        )
        lifecycle.park_task(session, claim, seconds=bounded(waiting.check_after_s), progress=waiting.progress)

    try:
        _commit(save)
    except LeaseLost:
        if step.provider_job_id is None:
            # Cancelled while it was being submitted, say: nobody else knows of this job.
            stop_job(step, waiting.provider_job_id, waiting.job)
        raise
    if waiting.progress is not None:
        publish(claim.task_id, EventType.PROGRESS, stepId=step.step_id, progress=waiting.progress)


def _put_off(claim: Claim, seconds: float, *, counted: TaskStep | None = None) -> None:
    """Park the task for a later try; a step given as `counted` has this try counted towards its limit."""

    def put_off(session: Session) -> None:
        if counted is not None:
            lifecycle.count_retry(session, claim, counted.step_id)
        lifecycle.park_task(session, claim, seconds=bounded(seconds))

    _commit(put_off)


def _await_storage(claim: Claim, step: TaskStep, error: StorageUnavailable) -> None:
    log.warning("storage_unavailable", step_id=step.step_id, error=repr(error.__cause__ or error))
    if step.retries < STORAGE_RETRIES:
        _put_off(claim, 2.0**step.retries, counted=step)
    else:
        _fail_task(claim, step, FailureCode.INTERNAL, detail="the file store was away for too long")


def _finish_step(claim: Claim, subject: Subject, done: Done) -> TaskStep | None:
    """Keep what a step made, and complete the task after its last one; the next step when one follows."""
    step = subject.step
    assets = store_outputs(claim, subject, done.files)

    def finish(session: Session) -> TaskStep | None:
        following = lifecycle.finish_step(
            session, claim, step, assets, usage=done.usage, request=done.request, response=done.response
        )
        output = {"assetIds": [asset.id for asset in assets]}
        after_commit(
            session, partial(publish, claim.task_id, EventType.STEP_COMPLETED, stepId=step.step_id, output=output)
        )
        if following is None:
            after_commit(session, partial(announce_end, claim.task_id, completed_end(assets)))
        elif following.queue != step.queue:
            # Workers of another kind do that: the clock calls one.
            lifecycle.park_task(session, claim, seconds=0)
            after_commit(session, partial(publish, claim.task_id, EventType.STEP_STARTED, stepId=following.step_id))
            return None
        return following

    try:
        return _commit(finish)
    except DATABASE_AWAY:
        # The commit may have happened all the same, and then needs its files; if not, the next attempt removes them.
        raise
    except Exception:
        discard_outputs(assets)
        raise


def _fail_task(claim: Claim, step: TaskStep, code: FailureCode, *, detail: str) -> None:
    log.warning("task_failed", step_id=step.step_id, code=code, detail=detail)

    def fail(session: Session) -> None:
        lifecycle.fail_task(session, claim, code, detail=detail)
        after_commit(session, partial(publish, claim.task_id, EventType.STEP_FAILED, stepId=step.step_id, error=code))
        after_commit(session, partial(announce_end, claim.task_id, failed_end(code)))

    _commit(fail)


def _commit(change: Callable[[Session], T]) -> T:
    """Commit a change, waiting a while for a database that is away; the lease keeps a repeated change from counting."""
    deadline = time.monotonic() + DATABASE_PATIENCE_S
    while True:
        try:
            with transaction() as session:
                return change(session)
        except DATABASE_AWAY as error:
            if time.monotonic() >= deadline:
                raise
            log.warning("waiting_for_database", error=str(error))
            time.sleep(DATABASE_PAUSE_S)
