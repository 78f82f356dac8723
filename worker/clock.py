"""The clock: twice a second it queues due tasks and mails, recovers orphaned tasks, and announces forgotten ends."""

import signal
import threading
import time
from collections.abc import Callable

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from funmagic.billing.recovery import recover_payments
from funmagic.core.db import after_commit, reading, transaction
from funmagic.core.queues import TASK_QUEUES, waiting_ids
from funmagic.core.telemetry.counters import CLOCK_ACTIONS, ClockAction, count
from funmagic.core.telemetry.traces import configure_tracing
from funmagic.models.base import new_id
from funmagic.models.leases import CLOCK_LEASE
from funmagic.models.tasks import FailureCode, Task
from funmagic.tasks import lifecycle
from funmagic.tasks.dispatch import announce_end, dispatch_tasks
from worker.limits.slots import give_slots_back
from worker.mail.sending import wake_due_mails
from worker.upkeep.audit import audit_when_due
from worker.upkeep.health import check_providers
from worker.upkeep.leadership import drop_lease, hold_lease
from worker.upkeep.periodic import Periodic
from worker.upkeep.sweeps import sweep_everything

log = structlog.get_logger()

TICK_S = 0.5
RENEW_S = 2.0
SWEEP_S = 600.0
FIRST_SWEEP_S = 60.0
HEALTH_S = 60.0
FIRST_HEALTH_S = 5.0
PAYMENTS_S = 900.0
FIRST_PAYMENTS_S = 30.0
# How often to look whether the nightly audit is due.
AUDIT_LOOK_S = 600.0
FIRST_AUDIT_LOOK_S = 120.0
# With these ends a job may go on at the provider: its slot is kept until its lease runs out.
MAY_STILL_RUN = (FailureCode.CANCELLED, FailureCode.TIMEOUT)


def run_clock() -> None:
    """Tick until asked to stop; while another clock leads, stand by."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    configure_tracing("clock")
    clock = Clock()
    while not stop.wait(TICK_S):
        clock.tick()
    clock.resign()


class Clock:
    """One process's turn at the clock: it acts only while it holds the lease."""

    def __init__(self) -> None:
        self._id = new_id()
        self._leads = False
        self._renewed_at = float("-inf")
        self._aside = (
            Periodic("sweeps", sweep_everything, every_s=SWEEP_S, first_s=FIRST_SWEEP_S),
            Periodic("health", check_providers, every_s=HEALTH_S, first_s=FIRST_HEALTH_S),
            Periodic("payments", recover_payments, every_s=PAYMENTS_S, first_s=FIRST_PAYMENTS_S),
            Periodic("audit", audit_when_due, every_s=AUDIT_LOOK_S, first_s=FIRST_AUDIT_LOOK_S),
        )

    def tick(self) -> None:
        """Do everything that is due; a database that is away is tried again at the next tick."""
        try:
            if self._has_lease():
                recover_orphans()
                announce_forgotten_ends()
                for work in self._aside:
                    work.run_when_due()
                wake_due_tasks()
                wake_due_mails()
        except (SQLAlchemyError, RedisError) as error:
            log.warning("tick_failed", error=str(error))

    def resign(self) -> None:
        """Hand over to a spare."""
        if self._leads:
            with transaction() as session:
                drop_lease(session, CLOCK_LEASE, self._id)

    def _has_lease(self) -> bool:
        if time.monotonic() - self._renewed_at >= RENEW_S:
            self._renewed_at = time.monotonic()
            has_led = self._leads
            with transaction() as session:
                self._leads = hold_lease(session, CLOCK_LEASE, self._id)
            if self._leads and not has_led:
                count(CLOCK_ACTIONS, ClockAction.TOOK_LEAD)
        return self._leads


def wake_due_tasks() -> None:
    """Put a job on the queue for every waiting task that has none there: new, parked, or lost on the way."""
    with reading() as session:
        due = lifecycle.find_due_jobs(session)
    if not due:
        return
    on_queue = waiting_ids(*TASK_QUEUES)
    if waiting := [job.task_id for job in due if job.task_id in on_queue]:
        _in_transaction(lifecycle.postpone_checks, waiting)
    if lost := [job for job in due if job.task_id not in on_queue]:
        dispatch_tasks(*lost)
        count(CLOCK_ACTIONS, ClockAction.WOKEN, times=len(lost))


def recover_orphans() -> None:
    """Run tasks of dead workers again; after the last attempt fail them, and give their credits back."""
    with reading() as session:
        orphans = lifecycle.find_orphaned_tasks(session)
    _for_each(orphans, _recover)


def announce_forgotten_ends() -> None:
    """Announce the ends of tasks whose worker died between the commit and the announcement."""
    with reading() as session:
        forgotten = lifecycle.find_unannounced_tasks(session)
    _for_each(forgotten, _announce)


def _for_each(tasks: list[Task], act: Callable[[Task], None]) -> None:
    """Act on every task; one that breaks must not keep the clock from the others."""
    for task in tasks:
        try:
            act(task)
        except Exception:
            log.exception("clock_stumbled", task_id=task.id)


def _announce(task: Task) -> None:
    announce_end(task.id)
    if task.error_code not in MAY_STILL_RUN:
        # The process that ended the task may have found Redis away, and could not give the slot back.
        with reading() as session:
            give_slots_back(session, task.id)
    count(CLOCK_ACTIONS, ClockAction.ANNOUNCED)


def _recover(task: Task) -> None:
    log.warning("task_orphaned", task_id=task.id, attempts=task.attempts)
    if task.attempts < lifecycle.MAX_ATTEMPTS:
        _in_transaction(lifecycle.revoke_lease, task.id)
        count(CLOCK_ACTIONS, ClockAction.RECOVERED)
    else:
        _give_up(task.id)


def _in_transaction(change: Callable[..., object], *args: object) -> None:
    with transaction() as session:
        change(session, *args)


def _give_up(task_id: str) -> None:
    with transaction() as session:
        claim = lifecycle.claim_task(session, task_id, only_orphaned=True)
        if claim is not None:
            lifecycle.fail_task(session, claim, FailureCode.WORKER_LOST)
            give_slots_back(session, task_id)
            after_commit(session, lambda: announce_end(task_id))
            after_commit(session, lambda: count(CLOCK_ACTIONS, ClockAction.GIVEN_UP))
