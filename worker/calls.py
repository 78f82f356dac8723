"""One call of a step's provider: with its account, its files and its slot, measured, and its refusals judged."""

import math
from collections.abc import Callable
from functools import partial

from funmagic.models.tasks import TaskStep
from funmagic.telemetry.counters import PROVIDER_ERRORS, RATE_LIMITED_RETRIES, count
from worker.heartbeat import Heartbeat
from worker.observe import observed_call
from worker.providers.accounts import Account
from worker.providers.base import Done, ProviderError, ProviderRateLimited, ProviderTimeout, Waiting
from worker.providers.registry import open_provider
from worker.slots import give_slot_back, keep_slot, slow_down, take_slot
from worker.subject import Subject, read_work

Call = Callable[[], Done | Waiting]

MAX_BACKOFF_S = 60.0
LONGEST_DELAY_S = 3600.0


class TryLater(Exception):
    """The provider's own limit turned a call away; it is to be repeated after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"again in {seconds} s")
        self.seconds = seconds


def call_provider(subject: Subject, heartbeat: Heartbeat) -> Done | Waiting:
    """Start a step's work, or look at the job that was started.

    Raises NoSlot or TryLater when it is not yet time, StorageUnavailable without its files, and else ProviderError.
    """
    step, account = subject.step, subject.account
    provider, work = open_provider(account), read_work(subject)
    report = partial(heartbeat.report, step.step_id)
    try:
        if step.provider_job_id is None:
            return _start(step, account, partial(provider.start, work, report))
        return _look(step, account, partial(provider.check, step.provider_job_id, work, report))
    except ProviderRateLimited as limit:
        raise _later_or_never(step, account, limit) from limit


def bounded(seconds: float) -> float:
    """A provider's wish for a delay, within what a run may wait."""
    return min(max(seconds, 0.0), LONGEST_DELAY_S) if math.isfinite(seconds) else LONGEST_DELAY_S


def _start(step: TaskStep, account: Account, start: Call) -> Done | Waiting:
    take_slot(step, account)
    try:
        with observed_call(account.name, "start"):
            outcome = start()
    except ProviderTimeout:
        # It may have begun all the same: the slot is kept until its lease runs out.
        raise
    except BaseException:
        give_slot_back(account.name, step.id)
        raise
    if isinstance(outcome, Done):
        give_slot_back(account.name, step.id)
    return outcome


def _look(step: TaskStep, account: Account, check: Call) -> Done | Waiting:
    try:
        with observed_call(account.name, "check"):
            outcome = check()
    except ProviderRateLimited:
        raise
    except ProviderError:
        give_slot_back(account.name, step.id)
        raise
    if isinstance(outcome, Done):
        give_slot_back(account.name, step.id)
    else:
        keep_slot(step, account, next_look_s=bounded(outcome.check_after_s))
        _note_trouble(account, outcome.trouble)
    return outcome


def _note_trouble(account: Account, trouble: ProviderError | None) -> None:
    if trouble is not None:
        count(PROVIDER_ERRORS, account.name, type(trouble).__name__)
    if isinstance(trouble, ProviderRateLimited):
        slow_down(account, bounded(trouble.retry_after_s or 0))


def _later_or_never(step: TaskStep, account: Account, limit: ProviderRateLimited) -> TryLater | ProviderRateLimited:
    config = account.config.rate_limit
    if limit.retry_after_s:
        slow_down(account, bounded(limit.retry_after_s))
    if not config.retry_on_429 or step.retries >= config.max_retries:
        give_slot_back(account.name, step.id)
        return limit
    count(RATE_LIMITED_RETRIES, account.name)
    backoff = min(config.base_backoff_ms / 1000 * 2**step.retries, MAX_BACKOFF_S)
    seconds = max(bounded(limit.retry_after_s or 0), backoff)
    if step.provider_job_id:
        keep_slot(step, account, next_look_s=seconds)
    return TryLater(seconds)
