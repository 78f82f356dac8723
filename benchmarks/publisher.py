"""Publishes progress as workers do, from processes of its own; each event carries the moment it was sent."""

import multiprocessing
import time
from multiprocessing.process import BaseProcess

from funmagic.tasks.events import EventType, publish

# The progress of an event, from 0 to 1, is its moment within this many seconds of the machine's clock.
CYCLE_S = 1000.0


def start_publishing(
    task_ids: list[str], *, seconds: int, per_second: float = 1, processes: int = 2
) -> list[BaseProcess]:
    """Give each task this many events a second, spread evenly; returns the processes that do it, to be joined."""
    context = multiprocessing.get_context("spawn")
    shares = [task_ids[number::processes] for number in range(processes)]
    publishers = [context.Process(target=_publish_steadily, args=(s, seconds, per_second), daemon=True) for s in shares]
    for publisher in publishers:
        publisher.start()
    return list(publishers)


def moment_now() -> float:
    """The moment, as progress tells it."""
    return time.time() % CYCLE_S / CYCLE_S


def milliseconds_since(moment: float) -> float:
    """How long ago a moment was that an event carried."""
    return (time.time() - moment * CYCLE_S) % CYCLE_S * 1000


def _publish_steadily(task_ids: list[str], seconds: int, per_second: float) -> None:
    count = round(len(task_ids) * seconds * per_second)
    started = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, started + number * seconds / count - time.monotonic()))
        publish(task_ids[number % len(task_ids)], EventType.PROGRESS, stepId="remove", progress=moment_now())
