"""`make chaos`: many runs, much trouble, and then the proof that nothing was lost, stuck or charged twice.

Prints figures, and exits with 1 and one line per discrepancy when anything is not as it must be.
"""

import argparse
import asyncio
import statistics
import sys
import time

import sqlalchemy as sa

from benchmarks.machine import machine_size
from funmagic.db import reading
from funmagic.telemetry.logs import configure_logging
from tests.chaos.people import Crowd
from tests.chaos.stage import WORKERS, Stage, stage
from tests.chaos.trouble import Trouble
from tests.chaos.verify import count_failures, count_untold, find_discrepancies, saved_job_ids
from tests.factories import wait_until

PRICE = 5
TIME_LIMIT_S = 1200


def main() -> int:
    """Run it all; 0 when everything is right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    chosen = parser.parse_args()
    configure_logging()
    print(f"{machine_size()}; {chosen.tasks} tasks, {chosen.users} users, seed {chosen.seed}", flush=True)
    with stage(fault_rate=0.05) as running:
        people = running.make_people(chosen.users, credits_each=PRICE * chosen.tasks)
        crowd = Crowd(running.product.url)
        trouble = Trouble(running, crowd, tasks=chosen.tasks, kills=chosen.kills, seed=chosen.seed)
        began = time.monotonic()
        try:
            asyncio.run(_run(crowd, trouble, people, chosen.tasks))
            took = time.monotonic() - began
            wait_until(lambda: count_untold() == 0, 60)
        except (TimeoutError, AssertionError):
            print(running.last_words(), file=sys.stderr)
            raise
        found = crowd.contradictions + find_discrepancies(keys=crowd.tasks, witnesses=crowd.witnesses)
        found += _check_remote_jobs(running, trouble)
        _print_figures(running, crowd, trouble, took)
    for line in found[:50]:
        print("WRONG:", line)
    print(f"{len(found)} discrepancies")
    return 1 if found else 0


async def _run(crowd: Crowd, trouble: Trouble, people: list, tasks: int) -> None:  # type: ignore[type-arg]
    async with asyncio.timeout(TIME_LIMIT_S), asyncio.TaskGroup() as group:
        group.create_task(crowd.submit_all(people, tasks))
        group.create_task(trouble.make())


def _check_remote_jobs(running: Stage, trouble: Trouble) -> list[str]:
    """A job may be started and lost only where a worker died, or lost its database, before it could note the id."""
    lost = running.remote_job_ids() - saved_job_ids()
    excuses = trouble.done["worker killed"] + WORKERS * trouble.done["PostgreSQL restarted"]
    return [f"{len(lost)} remote jobs are unknown, and only {excuses} can be excused"] if len(lost) > excuses else []


def _print_figures(running: Stage, crowd: Crowd, trouble: Trouble, took: float) -> None:
    with reading() as session:
        rows = session.execute(sa.text("SELECT status, attempts, created_at, finished_at FROM tasks")).all()
    seconds = sorted((row.finished_at - row.created_at).total_seconds() for row in rows)
    completed = sum(row.status == "completed" for row in rows)
    print(f"{len(rows)} tasks in {took:.0f} s ({len(rows) / took:.0f} a second)")
    print(f"completed {completed}, failed {len(rows) - completed}: {dict(count_failures())}")
    print(f"submit to end: median {statistics.median(seconds):.1f} s, longest {seconds[-1]:.1f} s")
    print(f"more than one attempt: {sum(row.attempts > 1 for row in rows)} tasks")
    print(f"remote jobs: {len(running.remote_job_ids())}, unknown {len(running.remote_job_ids() - saved_job_ids())}")
    print(f"requests repeated by people: {crowd.repeats}; followers: {len(crowd.witnesses)}")
    print(f"trouble: {dict(trouble.done)}")


if __name__ == "__main__":
    sys.exit(main())
