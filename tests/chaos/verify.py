"""Whether the books, the tasks and the slots are right after all that; every discrepancy is one line."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from funmagic.core.db import reading
from funmagic.core.redis import get_redis
from funmagic.credits.audit import audit_credits
from funmagic.models.base import utcnow
from funmagic.models.credits import CreditAccount, CreditTransaction
from funmagic.models.tasks import ACTIVE_STATUSES, FailureCode, Task, TaskStatus, TaskStep
from funmagic.models.tools import Tool
from funmagic.tasks.lifecycle import MAX_ATTEMPTS
from tests.chaos.files import check_files
from tests.chaos.people import Witness
from worker.limits.limiter import slots_in_use
from worker.limits.slots import SLOT_LEASE_S
from worker.upkeep.leftovers import sweep_leftovers

# What the emulated faults, and people, may lead to; anything else is a defect of ours.
EXPECTED_FAILURES = {
    FailureCode.PROVIDER,
    FailureCode.REJECTED,
    FailureCode.INVALID_INPUT,
    FailureCode.RATE_LIMITED,
    FailureCode.TIMEOUT,
    FailureCode.CANCELLED,
}
# With these ends a job may go on at its provider: the slot is kept until its lease runs out.
MAY_STILL_RUN = {FailureCode.CANCELLED, FailureCode.TIMEOUT}
# The longest that an adapter waits until its next look, and that a killed Redis takes to be back.
LONGEST_WAIT_S = 10
REDIS_BACK = timedelta(seconds=5)


def count_ended() -> int:
    """How many tasks have ended."""
    with reading() as session:
        return session.exec(select(func.count()).select_from(Task).where(col(Task.finished_at).is_not(None))).one()


def count_untold() -> int:
    """How many ends have not been told yet."""
    with reading() as session:
        untold = select(func.count()).select_from(Task).where(col(Task.announced_at).is_(None))
        return session.exec(untold).one()


def find_discrepancies(
    *, keys: dict[str, str], witnesses: list[Witness], providers: list[str], redis_killed_at: datetime | None
) -> list[str]:
    """Everything that is not as it must be."""
    while sweep_leftovers(settled_after_s=0):
        pass
    with reading() as session:
        tasks = list(session.exec(select(Task)))
        steps = list(session.exec(select(TaskStep).order_by(col(TaskStep.task_id), col(TaskStep.position))))
        return [
            *_check_tasks(tasks, keys),
            *_check_ledger(session, tasks),
            *check_files(session, tasks, steps),
            *_check_steps(tasks, steps),
            *_check_slots(tasks, steps, providers, redis_killed_at),
            *_check_witnesses(witnesses, {task.id: task.status for task in tasks}),
        ]


def _check_tasks(tasks: list[Task], keys: dict[str, str]) -> Iterator[str]:
    if {task.id for task in tasks} != set(keys.values()) or len(tasks) != len(keys):
        yield f"{len(keys)} keys were used, and there are {len(tasks)} tasks"
    for task in tasks:
        if task.status in ACTIVE_STATUSES or task.finished_at is None:
            yield f"task {task.id} is stuck as {task.status}"
        if task.lease_token or task.leased_until or task.next_check_at:
            yield f"task {task.id} has ended and is still held or due"
        if task.announced_at is None:
            yield f"the end of task {task.id} was never told"
        if task.status == TaskStatus.FAILED and not _may_fail_so(task):
            yield f"task {task.id} failed with {task.error_code}"


def _may_fail_so(task: Task) -> bool:
    """Whether that is how runs fail here; whose every worker was killed gives up, as it should, after the last."""
    if task.error_code == FailureCode.WORKER_LOST:
        return task.attempts >= MAX_ATTEMPTS
    return task.error_code in EXPECTED_FAILURES


def _check_ledger(session: Session, tasks: list[Task]) -> Iterator[str]:
    yield from (str(discrepancy) for discrepancy in audit_credits(session))
    lines = session.exec(select(CreditTransaction.task_id, CreditTransaction.type, CreditTransaction.amount))
    by_task: dict[str, list[tuple[str, int]]] = {}
    for task_id, type_, amount in lines:
        by_task.setdefault(str(task_id), []).append((type_, amount))
    for task in tasks:
        settled = ("usage", -task.credits_cost) if task.status == TaskStatus.COMPLETED else ("release", 0)
        if sorted(by_task.get(task.id, [])) != sorted([("reservation", 0), settled]):
            yield f"task {task.id} is {task.status}, and its lines are {by_task.get(task.id)}"
    completed = [task for task in tasks if task.status == TaskStatus.COMPLETED]
    spent = sum(task.credits_cost for task in completed)
    used, reserved = session.exec(select(func.sum(CreditAccount.lifetime_used), func.sum(CreditAccount.reserved))).one()
    if (used, reserved) != (spent, 0):
        yield f"{spent} credits were spent, {used} counted as used, {reserved} are still held"
    runs = Counter(task.tool_id for task in completed)
    for tool in session.exec(select(Tool)):
        if tool.usage_count != runs[tool.id]:
            yield f"{runs[tool.id]} runs of {tool.slug} completed, and it counted {tool.usage_count}"


def _check_steps(tasks: list[Task], steps: list[TaskStep]) -> Iterator[str]:
    ends: dict[str, list[str]] = {}
    for step in steps:
        ends.setdefault(step.task_id, []).append(step.status)
    for task in tasks:
        done, failed, never_begun = (ends[task.id].count(end) for end in ("completed", "failed", "pending"))
        is_cancelled = task.error_code == FailureCode.CANCELLED
        in_order = ends[task.id] == ["completed"] * done + ["failed"] * failed + ["pending"] * never_begun
        expected = failed == 1 or (is_cancelled and not failed and never_begun)
        if not in_order or not (expected if task.status == TaskStatus.FAILED else done == len(ends[task.id])):
            yield f"task {task.id} is {task.status} ({task.error_code}), and its steps are {ends[task.id]}"
    used = Counter(step.provider_job_id for step in steps if step.provider_job_id)
    yield from (f"remote job {job_id} was used twice" for job_id, times in used.items() if times > 1)


def _check_slots(
    tasks: list[Task], steps: list[TaskStep], providers: list[str], redis_killed_at: datetime | None
) -> Iterator[str]:
    """No slot is held but by a step whose job may still run at its provider, or that could not give it back.

    Without Redis nobody can. Such a slot is free when its lease ends, at the latest so long from now.
    """
    codes = {task.id: task.error_code for task in tasks}
    steps_by_id = {step.id: step for step in steps}
    latest_ms = (utcnow().timestamp() + SLOT_LEASE_S + LONGEST_WAIT_S) * 1000
    for provider in providers:
        if not slots_in_use("web", provider):
            continue
        for holder, ends_ms in get_redis().zrange(f"prl:web:{provider}:sem", 0, -1, withscores=True):
            step = steps_by_id[holder.decode()]
            was_away = redis_killed_at and step.finished_at and abs(redis_killed_at - step.finished_at) < REDIS_BACK
            if ends_ms > latest_ms or not (codes[step.task_id] in MAY_STILL_RUN or was_away):
                end = f"{codes[step.task_id] or step.status} at {step.finished_at}"
                yield f"step {step.id}, {end}, still holds a slot of {provider}"


def _check_witnesses(witnesses: list[Witness], statuses: dict[str, str]) -> Iterator[str]:
    for witness in witnesses:
        if witness.ends != [statuses[witness.task_id]]:
            yield f"task {witness.task_id} is {statuses[witness.task_id]}, and its follower heard {witness.ends}"
        if len(set(witness.ids)) != len(witness.ids):
            yield f"the follower of task {witness.task_id} heard an event twice"
