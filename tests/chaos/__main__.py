"""`make chaos`: many runs, much trouble, and then the proof that nothing was lost, stuck or charged twice.

Two acts: background removals at a provider that fails now and then, and a mix of all three tools at providers that
fail in every way they know. Prints figures, and exits with 1 and one line per discrepancy when anything is not as it
must be.
"""

import argparse
import asyncio
import sys
import time

from benchmarks.machine import machine_size
from funmagic.core.telemetry.logs import configure_logging
from funmagic.supervisor.bytecode import keep_bytecode
from tests.bytecode import FOLDER
from tests.chaos.errands import Day, plan_mix, plan_runs
from tests.chaos.figures import print_act
from tests.chaos.people import Crowd
from tests.chaos.remote import check_bills, read_bills
from tests.chaos.stage import STREAM_WORKERS, WORKERS, Stage, stage
from tests.chaos.trouble import Schedule, Trouble, schedule_mix, schedule_runs
from tests.chaos.verify import count_untold, find_discrepancies
from tests.factories import wait_until

DEAREST = 30
FAULTS_OF_RUNS, FAULTS_OF_MIX = 0.05, 0.15
TIME_LIMIT_S = 1200


def main() -> int:
    """Run it all; 0 when everything is right."""
    chosen = _parse()
    keep_bytecode(FOLDER)
    configure_logging()
    print(f"{machine_size()}; {chosen.tasks} runs and {chosen.mixed} mixed, seed {chosen.seed}", flush=True)
    with stage() as running:
        count = max(chosen.users, chosen.mixed_users)
        people = running.make_people(count, credits_each=DEAREST * (chosen.tasks + chosen.mixed))
        play = Play(running, chosen.seed)
        try:
            if chosen.tasks:
                days = plan_runs(people[: chosen.users], chosen.tasks)
                play.act("runs", days, schedule_runs(running, chosen.kills), fault_rate=FAULTS_OF_RUNS)
            if chosen.mixed:
                days = plan_mix(people[: chosen.mixed_users], chosen.mixed)
                play.act("mixed", days, schedule_mix(running), fault_rate=FAULTS_OF_MIX)
        except (TimeoutError, AssertionError, ExceptionGroup):
            print(running.last_words(), file=sys.stderr)
            raise
        found = play.close()
        if found:
            print(f"the product's log: {running.keep_log()}")
    for line in found[:50]:
        print("WRONG:", line)
    print(f"{len(found)} discrepancies")
    return 1 if found else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--mixed", type=int, default=1_000)
    parser.add_argument("--mixed-users", type=int, default=100)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    return parser.parse_args()


class Play:
    """The acts on one stage, and everything about them that was wrong."""

    def __init__(self, running: Stage, seed: int) -> None:
        self._stage = running
        self._seed = seed
        self._crowd = Crowd(running.product.url)
        self._found: list[str] = []

    def act(self, name: str, days: list[Day], schedule: Schedule, *, fault_rate: float) -> None:
        """Have people do their errands under trouble, and say what came of it."""
        self._stage.misbehave(fault_rate=fault_rate)
        before, repeats, breakers = set(self._crowd.tasks), self._crowd.repeats, self._stage.opened_breakers()
        tasks = sum(len(day.errands) for day in days)
        trouble = Trouble(self._stage, self._crowd, schedule, tasks=tasks, seed=self._seed)
        began = time.monotonic()
        asyncio.run(_run(self._crowd, trouble, days))
        took = time.monotonic() - began
        wait_until(lambda: count_untold() == 0, 60)
        bills = read_bills(self._stage.providers, are_unlike=name == "mixed")
        ids = {self._crowd.tasks[key] for key in set(self._crowd.tasks) - before}
        print(f"-- {name}")
        print_act(ids, took, bills)
        print(f"requests repeated by people: {self._crowd.repeats - repeats}; followers: {len(self._crowd.witnesses)}")
        print(f"breakers opened: {dict(self._stage.opened_breakers() - breakers)}")
        print(f"trouble: {dict(trouble.done)}", flush=True)
        lost = trouble.done["PostgreSQL restarted"]
        excuses = {
            "ai-tasks": trouble.done["worker killed"] + WORKERS * lost,
            "ai-streaming": trouble.done["stream worker killed"] + STREAM_WORKERS * lost,
        }
        self._found += check_bills(bills, ids, excuses)

    def close(self) -> list[str]:
        """Look at everything that is left; every discrepancy is one line."""
        crowd = self._crowd
        left = find_discrepancies(
            keys=crowd.tasks,
            witnesses=crowd.witnesses,
            providers=list(self._stage.providers),
            redis_killed_at=self._stage.redis_killed_at,
        )
        return [*crowd.contradictions, *self._found, *left]


async def _run(crowd: Crowd, trouble: Trouble, days: list[Day]) -> None:
    async with asyncio.timeout(TIME_LIMIT_S), asyncio.TaskGroup() as group:
        group.create_task(crowd.live(days))
        group.create_task(trouble.make())


if __name__ == "__main__":
    sys.exit(main())
