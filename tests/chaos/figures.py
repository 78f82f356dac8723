"""What came of an act, in figures."""

import statistics
from collections import Counter

from sqlmodel import select

from funmagic.core.db import reading
from funmagic.models.tasks import Task, TaskStatus, TaskStep
from tests.chaos.remote import Bill

FAILED_FAST = "nobody asks it for"


def print_act(task_ids: set[str], took: float, bills: list[Bill]) -> None:
    """How many runs ended how, how fast, and what the providers did for that."""
    with reading() as session:
        tasks = [task for task in session.exec(select(Task)) if task.id in task_ids]
        steps = [step for step in session.exec(select(TaskStep)) if step.task_id in task_ids]
    seconds = sorted((task.finished_at - task.created_at).total_seconds() for task in tasks if task.finished_at)
    completed = {task.id for task in tasks if task.status == TaskStatus.COMPLETED}
    print(f"{len(tasks)} tasks in {took:.0f} s ({len(tasks) / took:.0f} a second)")
    failures = Counter(task.error_code for task in tasks if task.error_code)
    print(f"completed {len(completed)}, failed {len(tasks) - len(completed)}: {dict(failures)}")
    print(f"steps completed: {dict(Counter(step.step_id for step in steps if step.status == 'completed'))}")
    print(f"submit to end: median {statistics.median(seconds):.1f} s, longest {seconds[-1]:.1f} s")
    print(f"more than one attempt: {sum(task.attempts > 1 for task in tasks)} tasks")
    print(f"failed fast at an open breaker: {sum(FAILED_FAST in (step.error or '') for step in steps)} steps")
    for bill in bills:
        faults = sum(bill.dealt.values()) - bill.dealt[""]
        print(f"{bill.name}: {bill.jobs} jobs, {bill.unknown} of them unknown, {bill.repeated} done before")
        kinds = len(bill.dealt) - bool(bill.dealt[""])
        print(f"  {faults} faults of {kinds} kinds in {sum(bill.dealt.values())} requests: {dict(bill.dealt)}")
