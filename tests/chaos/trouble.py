"""What goes wrong while people work: lost and doubled deliveries, killed processes, a flushed Redis, a cut database."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from funmagic.queues import JOB_TIMEOUT, RUN_TASK, QueueName, queue
from funmagic.redis_client import get_redis
from tests.chaos.people import Crowd
from tests.chaos.stage import Stage
from tests.chaos.verify import count_ended

log = structlog.get_logger()

LOOK_S = 0.1
# Of twenty kills, twelve hit a worker, four the clock, four the web process.
VICTIMS = ("worker", "worker", "web", "worker", "clock")


class Trouble:
    """Everything that is done to a stage, at fixed shares of the work, and how often it was."""

    def __init__(self, stage: Stage, crowd: Crowd, *, tasks: int, kills: int, seed: int) -> None:
        self._stage = stage
        self._crowd = crowd
        self._tasks = tasks
        self._random = random.Random(seed)
        self._plan = self._make_plan(kills)
        self._left = {"lost": max(tasks // 100, 1), "doubled": max(tasks // 50, 1)}
        self._seen: set[str] = set()
        self.done: Counter[str] = Counter()

    async def make(self) -> None:
        """Make trouble until every task has ended."""
        while (ended := await asyncio.to_thread(self._count_ended)) < self._tasks:
            await asyncio.to_thread(self._disturb_deliveries)
            while self._plan and ended >= self._plan[0][0] * self._tasks:
                _, name, action = self._plan.pop(0)
                self.done[name] += 1
                await asyncio.to_thread(action)
            await asyncio.sleep(LOOK_S)

    def _make_plan(self, kills: int) -> list[tuple[float, str, Callable[[], None]]]:
        plan: list[tuple[float, str, Callable[[], None]]] = []
        for number in range(kills):
            victim = VICTIMS[number % len(VICTIMS)]
            share = 0.9 * (number + 1) / (kills + 1)
            plan.append((share, f"{victim} killed", lambda victim=victim: self._stage.kill(victim)))  # type: ignore[misc]
        plan.append((0.37, "Redis flushed", self._stage.flush_redis))
        plan.append((0.62, "PostgreSQL restarted", self._stage.cluster.restart))
        return sorted(plan, key=lambda step: step[0])

    def _count_ended(self) -> int:
        try:
            return count_ended()
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
        return bool(get_redis().lrem(queue(QueueName.AI_TASKS).key, 0, f"{task_id}-1"))

    def _double(self, task_id: str) -> None:
        queue(QueueName.AI_TASKS).enqueue_call(
            RUN_TASK, args=(task_id,), job_id=f"{task_id}-again", timeout=JOB_TIMEOUT, result_ttl=0
        )
