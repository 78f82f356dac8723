"""A step's slot at its provider: taken before a job starts there, held across reschedules, and given back once."""

import random

import structlog
from sqlmodel import Session, select

from funmagic.models.base import utcnow
from funmagic.models.providers import ProviderScope
from funmagic.models.tasks import TaskStep
from worker.limits.limiter import Denied, LimiterAway, Limits, penalise, release, renew, try_acquire
from worker.providers.accounts import Account

log = structlog.get_logger()

# Every look at a job keeps the slot for so much longer than until the next one. After a cancel nobody looks any more.
SLOT_LEASE_S = 120.0
AWAY_S = 2.0
LONGEST_PATIENCE_S = 10.0


class NoSlot(Exception):
    """The provider has no room now; nobody is told, and the step is tried again later."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"no slot for {retry_after_s} s")
        self.retry_after_s = retry_after_s


def take_slot(step: TaskStep, account: Account) -> None:
    """Have a slot for a job that is about to start; raises NoSlot."""
    try:
        answer = try_acquire(account.scope, account.name, limits_of(account), step.id, lease_s=SLOT_LEASE_S)
    except LimiterAway as error:
        raise NoSlot(AWAY_S) from error
    if isinstance(answer, Denied):
        raise NoSlot(answer.retry_after_s + _patience(step))


def keep_slot(step: TaskStep, account: Account, *, next_poll_s: float) -> None:
    """Hold on to the slot of a job that runs; one that was lost is taken anew if there is room."""
    try:
        if not renew(account.scope, account.name, step.id, lease_s=SLOT_LEASE_S + next_poll_s):
            take_slot(step, account)
    except (LimiterAway, NoSlot) as error:
        # The job runs at the provider whether we count it or not.
        log.info("slot_not_kept", task_id=step.task_id, error=str(error))


def give_slot_back(scope: ProviderScope, provider: str, step_id: str) -> None:
    """Free a slot; without Redis its lease will."""
    try:
        release(scope, provider, step_id)
    except LimiterAway as error:
        log.warning("slot_not_given_back", scope=scope, provider=provider, error=str(error))


def give_slots_back(session: Session, task_id: str) -> None:
    """Free whatever slots a task's steps hold: whoever worked on them has died."""
    for step_id, provider in session.exec(select(TaskStep.id, TaskStep.provider).where(TaskStep.task_id == task_id)):
        give_slot_back(ProviderScope.WEB, provider, step_id)


def slow_down(account: Account, seconds: float) -> None:
    """Let nobody start at a provider that asked for a pause."""
    try:
        penalise(account.scope, account.name, seconds)
    except LimiterAway as error:
        log.warning("provider_not_slowed_down", provider=account.name, error=str(error))


def limits_of(account: Account) -> Limits:
    """What the provider's configuration allows."""
    limit = account.config.rate_limit
    return Limits(limit.max_concurrency, limit.max_per_minute, limit.max_per_day)


def _patience(step: TaskStep) -> float:
    """Random seconds to add to a wait, more the longer a step has waited, so that many of them retry less often."""
    waited = (utcnow() - step.started_at).total_seconds() if step.started_at else 0.0
    return random.uniform(0, min(max(waited, 0.0) / 2, LONGEST_PATIENCE_S))  # noqa: S311 - spreads, and guards nothing
