"""What goes wrong while people work: lost and doubled deliveries, killed processes, servers cut off and emptied."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import cycle

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from funmagic.core.queues import JOB_TIMEOUT, RUN_TASK, TASK_QUEUES, QueueName, queue
from funmagic.core.redis import get_redis
from tests.chaos.people import Crowd
from tests.chaos.stage import Stage
from tests.chaos.verify import count_ended

log = structlog.get_logger()

LOOK_S = 0.1
# Of twenty kills, twelve hit a worker, four the clock, four the web process.
VICTIMS = ("worker", "worker", "web", "worker", "clock")
# One of them every few seconds.
MIXED_VICTIMS = ("worker", "stream worker") * 4 + ("clock", "worker", "stream worker", "web")
# Each of four processors takes its share of starting another; a smaller machine needs longer.
KILL_EVERY_S = 3.0 * max(4 / len(os.sched_getaffinity(0)), 1)
# The supervisor gives up on a child that dies six times in a row within its first ten seconds.
SETTLED_S = 12.0


@dataclass(frozen=True)
class Mishap:
    """What happens once so large a share of the runs has ended."""

    share: float
    name: str
    action: Callable[[], object]


@dataclass
class Schedule:
    """The mishaps of an act, who is killed every few seconds besides, and whose account may be refused."""

    mishaps: list[Mishap]
    victims: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()


def schedule_runs(stage: Stage, kills: int) -> Schedule:
    """Kills at even shares of the work, Redis flushed, PostgreSQL restarted."""
    mishaps = [Mishap(0.37, "Redis flushed", stage.flush_redis)]
    mishaps.append(Mishap(0.62, "PostgreSQL restarted", stage.cluster.restart))
    for number in range(kills):
        victim = VICTIMS[number % len(VICTIMS)]
        share = 0.9 * (number + 1) / (kills + 1)
        mishaps.append(Mishap(share, f"{victim} killed", partial(stage.kill, victim)))
    return Schedule(mishaps)


def schedule_mix(stage: Stage) -> Schedule:
    """Kills all the time, Redis and PostgreSQL restarted, and every account once out of credit."""
    mishaps = [Mishap(0.35, "Redis restarted", stage.restart_redis)]
    mishaps.append(Mishap(0.6, "PostgreSQL restarted", stage.cluster.restart))
    for number, name in enumerate(stage.providers):
        mishaps.append(Mishap(0.1 + 0.15 * number, f"{name} out of credit", partial(stage.run_out_of_credit, name)))
    return Schedule(mishaps, victims=MIXED_VICTIMS, accounts=tuple(stage.providers))


class Trouble:
    """Everything that is done to a stage in one act, and how often it was."""

    def __init__(self, stage: Stage, crowd: Crowd, schedule: Schedule, *, tasks: int, seed: int) -> None:
        self._stage = stage
        self._crowd = crowd
        self._tasks = tasks
        self._ended_before = count_ended()
        self._random = random.Random(seed)
        self._mishaps = sorted(schedule.mishaps, key=lambda mishap: mishap.share)
        self._victims, self._accounts = schedule.victims, schedule.accounts
        self._left = {"lost": max(tasks // 100, 1), "doubled": max(tasks // 50, 1)}
        self._seen = set(crowd.tasks.values())
        self.done: Counter[str] = Counter()

    async def make(self) -> None:
        """Make trouble until every task has ended."""
        killing = asyncio.create_task(self._kill_often())
        while (ended := await asyncio.to_thread(self._count_ended)) < self._tasks:
            assert not self._stage.product.has_stopped(), "the supervisor gave up"
            await asyncio.to_thread(self._disturb_deliveries)
            await asyncio.to_thread(self._top_up)
            while self._mishaps and ended >= self._mishaps[0].share * self._tasks:
                mishap = self._mishaps.pop(0)
                if await asyncio.to_thread(mishap.action) is not False:
                    self.done[mishap.name] += 1
            await asyncio.sleep(LOOK_S)
        killing.cancel()

    async def _kill_often(self) -> None:
        for victim in cycle(self._victims):
            await asyncio.sleep(KILL_EVERY_S)
            if await asyncio.to_thread(self._stage.kill, victim, settled_s=SETTLED_S):
                self.done[f"{victim} killed"] += 1

    def _top_up(self) -> None:
        try:
            for name in self._accounts:
                self.done[f"{name} topped up"] += self._stage.top_up(name)
        except DBAPIError as error:
            log.info("accounts_left_alone", error=str(error))

    def _count_ended(self) -> int:
        try:
            return count_ended() - self._ended_before
        except DBAPIError:
            return 0

    def _disturb_deliveries(self) -> None:
        """Take some new tasks' jobs off the queue, and put second ones on it for others."""
        fresh = [task_id for task_id in list(self._crowd.tasks.values()) if task_id not in self._seen]
        self._seen.update(fresh)
        try:
            for task_id in fresh:
                chance = self._random.random()
                if chance < 0.04 and self._left["lost"] > 0 and self._lose(task_id):
                    self._count("lost")
                elif chance > 0.96 and self._left["doubled"] > 0:
                    self._double(task_id)
                    self._count("doubled")
        except RedisError as error:
            log.info("deliveries_left_alone", error=str(error))

    def _count(self, what: str) -> None:
        self._left[what] -= 1
        self.done[f"deliveries {what}"] += 1

    def _lose(self, task_id: str) -> bool:
        return any(get_redis().lrem(queue(name).key, 0, f"{task_id}-1") for name in TASK_QUEUES)

    def _double(self, task_id: str) -> None:
        name = QueueName.AI_STREAMING if task_id in self._crowd.streaming else QueueName.AI_TASKS
        queue(name).enqueue_call(
            RUN_TASK, args=(task_id,), job_id=f"{task_id}-again", timeout=JOB_TIMEOUT, result_ttl=0
        )
