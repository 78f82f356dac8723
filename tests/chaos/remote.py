"""What the emulated providers did for us and charge for, against what the database knows."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import col, select

from funmagic.core.db import reading
from funmagic.models.tasks import FailureCode, Task, TaskStep
from tests.chaos.providers import Emulated

# With these a provider takes a job and does not tell its id, so that nobody can know it.
UNNAMED = {"silence", "malformed", "missing-fields", "missing-id", "unnamed"}


@dataclass(frozen=True)
class Bill:
    """A provider's jobs, those that we do not know though it named them, and those of work that it had done before."""

    name: str
    jobs: int
    unknown: int
    repeated: int
    dealt: Counter[str]


def read_bills(providers: dict[str, Emulated], *, are_unlike: bool) -> list[Bill]:
    """What all providers say that they did since they last forgot.

    Only where no two photos are alike it can be told what was done again: whatever was asked for twice.
    """
    with reading() as session:
        known = {job_id for job_id in session.exec(select(TaskStep.provider_job_id)) if job_id}
    return [_read_bill(provider, known, are_unlike=are_unlike) for provider in providers.values()]


def check_bills(bills: list[Bill], task_ids: set[str], excuses: dict[str, int]) -> Iterator[str]:
    """A job may be lost, or done again, only where a worker died, or its database, before it could note the id.

    The excuses are how often that was, by queue. And of a run that is cancelled as it starts nobody notes the job.
    """
    for bill in bills:
        queue, again, cancelled = _interruptions(bill.name, task_ids)
        allowed = min(excuses[queue], again)
        if bill.unknown > allowed + cancelled:
            yield f"{bill.unknown} jobs of {bill.name} are unknown, and only {allowed + cancelled} can be excused"
        if bill.repeated > allowed:
            yield f"{bill.repeated} jobs of {bill.name} were done before, and only {allowed} can be excused"


def _read_bill(provider: Emulated, known: set[str], *, are_unlike: bool) -> Bill:
    counted = provider.read()
    # What was stopped before it was noted is not lost.
    named = {job["id"] for job in counted["jobs"] if job["fault"] not in UNNAMED and not job.get("cancelled")}
    unknown = len(named - known) if provider.names_jobs else 0
    repeated = sum(times - 1 for times in counted["digests"].values()) if are_unlike else 0
    return Bill(provider.name, len(counted["jobs"]), unknown, repeated, Counter(counted["dealt"]))


def _interruptions(provider: str, task_ids: set[str]) -> tuple[str, int, int]:
    """The queue of a provider's steps, how often their tasks were taken up again, and how many were cancelled."""
    with reading() as session:
        asked = select(TaskStep.queue, Task).join(Task, col(Task.id) == col(TaskStep.task_id))
        rows = session.exec(asked.where(TaskStep.provider == provider)).all()
    tasks = [task for _, task in rows if task.id in task_ids]
    again = sum(max(task.attempts - 1, 0) for task in tasks)
    cancelled = sum(task.error_code == FailureCode.CANCELLED for task in tasks)
    return min((queue for queue, _ in rows), default="ai-tasks"), again, cancelled
