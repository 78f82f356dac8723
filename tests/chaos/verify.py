"""Whether the books, the tasks, the files and the slots are right after all that; every discrepancy is one line."""

from collections import Counter
from collections.abc import Iterator

import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from funmagic.credits.service import audit_credits
from funmagic.db import reading
from funmagic.models.assets import Asset
from funmagic.models.credits import CreditAccount, CreditTransaction
from funmagic.models.tasks import ACTIVE_STATUSES, Task, TaskStatus, TaskStep
from funmagic.models.tools import Tool
from funmagic.storage.current import get_storage
from funmagic.storage.protocol import PRIVATE_BUCKET
from tests.chaos.people import Witness
from worker.leftovers import sweep_leftovers
from worker.limiter import slots_in_use

# What the emulated faults may lead to; anything else is a defect of ours.
EXPECTED_FAILURES = {
    "PROVIDER_ERROR",
    "PROVIDER_REJECTED",
    "INVALID_INPUT",
    "PROVIDER_RATE_LIMITED",
    "PROVIDER_TIMEOUT",
}


def count_ended() -> int:
    """How many tasks have ended."""
    with reading() as session:
        return session.exec(select(func.count()).select_from(Task).where(col(Task.finished_at).is_not(None))).one()


def count_untold() -> int:
    """How many ends have not been told yet."""
    with reading() as session:
        untold = select(func.count()).select_from(Task).where(col(Task.announced_at).is_(None))
        return session.exec(untold).one()


def find_discrepancies(*, keys: dict[str, str], witnesses: list[Witness]) -> list[str]:
    """Everything that is not as it must be."""
    while sweep_leftovers(settled_after_s=0):
        pass
    with reading() as session:
        tasks = list(session.exec(select(Task)))
        found = [
            *_check_tasks(tasks, keys),
            *_check_ledger(session, tasks),
            *_check_files(session, tasks),
            *_check_steps(session),
            *_check_witnesses(witnesses, {task.id: task.status for task in tasks}),
        ]
    if slots := slots_in_use("web", "fal"):
        found.append(f"{slots} slots are still held")
    return found


def count_failures() -> Counter[str]:
    """How many tasks failed, by code."""
    with reading() as session:
        return Counter(code for code in session.exec(select(Task.error_code)) if code)


def saved_job_ids() -> set[str]:
    """The remote jobs that the database knows."""
    with reading() as session:
        return {job_id for job_id in session.exec(select(TaskStep.provider_job_id)) if job_id}


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
        if task.status == TaskStatus.FAILED and task.error_code not in EXPECTED_FAILURES:
            yield f"task {task.id} failed with {task.error_code}"


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
    spent = sum(task.credits_cost for task in tasks if task.status == TaskStatus.COMPLETED)
    used, reserved = session.exec(select(func.sum(CreditAccount.lifetime_used), func.sum(CreditAccount.reserved))).one()
    if (used, reserved) != (spent, 0):
        yield f"{spent} credits were spent, {used} counted as used, {reserved} are still held"
    completed = sum(task.status == TaskStatus.COMPLETED for task in tasks)
    if (counted := session.exec(select(Tool.usage_count)).one()) != completed:
        yield f"{completed} runs completed, and the tool counted {counted}"


def _check_files(session: Session, tasks: list[Task]) -> Iterator[str]:
    outputs = list(session.exec(select(Asset).where(col(Asset.task_id).is_not(None))))
    made = Counter(asset.task_id for asset in outputs)
    for task in tasks:
        if made[task.id] != (task.status == TaskStatus.COMPLETED):
            yield f"task {task.id} is {task.status} with {made[task.id]} files"
    storage = get_storage()
    stored = set(storage.list_keys(PRIVATE_BUCKET, "outputs/"))
    named = {asset.storage_key for asset in outputs}
    yield from (f"nobody names the file {key}" for key in stored - named)
    yield from (f"the file {key} is missing" for key in named - stored)
    for asset in outputs:
        info = storage.head(asset.bucket, asset.storage_key)
        if info is not None and (info.size, info.mime) != (asset.size, asset.mime):
            yield f"the file {asset.storage_key} is not what its row says"


def _check_steps(session: Session) -> Iterator[str]:
    wrong = session.execute(
        sa.text("SELECT s.id FROM task_steps s JOIN tasks t ON t.id = s.task_id WHERE s.status <> t.status")
    )
    yield from (f"step {step_id} does not end as its task" for (step_id,) in wrong)
    twice = session.execute(sa.text("SELECT provider_job_id FROM task_steps GROUP BY 1 HAVING count(*) > 1"))
    yield from (f"remote job {job_id} was used twice" for (job_id,) in twice if job_id)


def _check_witnesses(witnesses: list[Witness], statuses: dict[str, str]) -> Iterator[str]:
    for witness in witnesses:
        if witness.ends != [statuses[witness.task_id]]:
            yield f"task {witness.task_id} is {statuses[witness.task_id]}, and its follower heard {witness.ends}"
        if len(set(witness.ids)) != len(witness.ids):
            yield f"the follower of task {witness.task_id} heard an event twice"
