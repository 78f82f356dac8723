"""Calls a step's provider once, within its slot, breaker and time, and measures and records the outcome."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from funmagic.core.telemetry.counters import PROVIDER_ERRORS, RATE_LIMITED_RETRIES, count
from funmagic.models.tasks import TaskStep
from worker.limits.breaker import check_breaker, record_outcome
from worker.limits.slots import give_slot_back, keep_slot, slow_down, take_slot
from worker.providers.accounts import Account
from worker.providers.alerts import alert
from worker.providers.base import (
    Done,
    Provider,
    ProviderError,
    ProviderRateLimited,
    ProviderTimeout,
    Waiting,
    Work,
)
from worker.providers.registry import open_provider
from worker.runs.budget import OutOfTime, within_budget
from worker.runs.heartbeat import Heartbeat
from worker.runs.observe import observed_call
from worker.runs.subject import Subject, read_work, time_left

Call = Callable[[], Done | Waiting]

MAX_BACKOFF_S = 60.0
# A poll makes a few short calls, and downloads the result.
LONGEST_POLL_S = 240.0
SOONEST_POLL_S = 1.0
BACKOFF_AFTER_HANG_S = 10.0
LONGEST_DELAY_S = 3600.0


class TryLater(Exception):
    """The provider's own limit turned a call away; it is to be repeated after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"again in {seconds} s")
        self.seconds = seconds


def call_provider(subject: Subject, heartbeat: Heartbeat) -> Done | Waiting:
    """Start a step's work, or poll the remote job that was started.

    Raises NoSlot or TryLater when it is not yet time, StorageUnavailable without its files, and else ProviderError.
    """
    step = subject.step
    account = subject.account
    provider = open_provider(account)
    work = read_work(subject)
    report = partial(heartbeat.report, step.step_id)
    try:
        if step.provider_job_id is None:
            return _start(step, account, partial(provider.start, work, report))
        outcome = _poll(step, account, partial(provider.check, step.provider_job_id, work, report))
    except ProviderRateLimited as limit:
        raise _later_or_never(step, account, limit) from limit
    return outcome if isinstance(outcome, Done) else _in_time(step, account, provider, work, outcome)


def bounded(seconds: float) -> float:
    """A provider's wish for a delay, within what a run may wait."""
    return min(max(seconds, 0.0), LONGEST_DELAY_S) if math.isfinite(seconds) else LONGEST_DELAY_S


def _in_time(step: TaskStep, account: Account, provider: Provider, work: Work, waiting: Waiting) -> Waiting:
    """Limit the wait to the step's time; once that is over, cancel the remote job and raise ProviderTimeout."""
    left = time_left(step)
    if left > 0:
        return replace(waiting, check_after_s=min(waiting.check_after_s, max(left, SOONEST_POLL_S)))
    if provider.cancel(waiting.provider_job_id, work):
        give_slot_back(account.scope, account.name, step.id)
    late = ProviderTimeout(f"job {waiting.provider_job_id} was not done within {step.timeout_s} s")
    record_outcome(account.scope, account.name, late)
    raise late from waiting.trouble


def _start(step: TaskStep, account: Account, start: Call) -> Done | Waiting:
    check_breaker(account.scope, account.name, step.id)
    try:
        outcome = _start_in_slot(step, account, start)
    except Exception as error:
        _report_failure(account, error, holder=step.id)
        raise
    record_outcome(account.scope, account.name, None, holder=step.id)
    return outcome


def _start_in_slot(step: TaskStep, account: Account, start: Call) -> Done | Waiting:
    take_slot(step, account)
    try:
        with observed_call(account.name, "start"), within_budget(step.timeout_s):
            outcome = start()
    except ProviderTimeout:
        # It may have begun all the same: the slot is kept until its lease runs out.
        raise
    except BaseException:
        give_slot_back(account.scope, account.name, step.id)
        raise
    if isinstance(outcome, Done):
        give_slot_back(account.scope, account.name, step.id)
    return outcome


def _poll(step: TaskStep, account: Account, check: Call) -> Done | Waiting:
    try:
        with observed_call(account.name, "check"), within_budget(LONGEST_POLL_S):
            outcome = check()
    except OutOfTime as late:
        outcome = Waiting(str(step.provider_job_id), BACKOFF_AFTER_HANG_S, trouble=late)
    except ProviderError as error:
        _report_failure(account, error)
        if not isinstance(error, ProviderRateLimited):
            give_slot_back(account.scope, account.name, step.id)
        raise
    # Once for each poll: one that went well clears those that failed before it.
    record_outcome(account.scope, account.name, outcome.trouble if isinstance(outcome, Waiting) else None)
    if isinstance(outcome, Done):
        give_slot_back(account.scope, account.name, step.id)
    else:
        keep_slot(step, account, next_poll_s=bounded(outcome.check_after_s))
        _record_trouble(account, outcome.trouble)
    return outcome


def _report_failure(account: Account, error: Exception, *, holder: str | None = None) -> None:
    """Record a failed call for the breaker, and alert operators of what only an admin can mend."""
    record_outcome(account.scope, account.name, error, holder=holder)
    if isinstance(error, ProviderError):
        alert(account.scope, account.name, error)


def _record_trouble(account: Account, trouble: ProviderError | None) -> None:
    if trouble is not None:
        count(PROVIDER_ERRORS, account.name, type(trouble).__name__)
    if isinstance(trouble, ProviderRateLimited):
        slow_down(account, bounded(trouble.retry_after_s or 0))


def _later_or_never(step: TaskStep, account: Account, limit: ProviderRateLimited) -> TryLater | ProviderRateLimited:
    config = account.config.rate_limit
    if limit.retry_after_s:
        slow_down(account, bounded(limit.retry_after_s))
    if not config.retry_on_429 or step.retries >= config.max_retries:
        give_slot_back(account.scope, account.name, step.id)
        return limit
    count(RATE_LIMITED_RETRIES, account.name)
    backoff = min(config.base_backoff_ms / 1000 * 2**step.retries, MAX_BACKOFF_S)
    seconds = max(bounded(limit.retry_after_s or 0), backoff)
    if step.provider_job_id:
        keep_slot(step, account, next_poll_s=seconds)
    return TryLater(seconds)
