"""Prints how long a run waits after a kill -9 of its worker, and after Redis was away."""

import time
from collections.abc import Callable

import psutil
from rq import Worker

from benchmarks.engine import submit_all, workers
from benchmarks.machine import Figure, print_figures
from benchmarks.people import Person, make_people
from benchmarks.site import WORKER, Site, running_site
from funmagic.core.redis import get_redis
from funmagic.models.tasks import Task
from funmagic.tasks.statements import LEASE_S
from tests.factories import load_task, photo_bytes, wait_until

AWAY_S = 5.0
# Seconds of work, so that there is time to kill whoever does it.
PHOTO = photo_bytes(2048, 2048)


def main() -> None:
    """Measure each in turn, with every wait as long as in production."""
    with running_site() as site:
        [person] = make_people(1, PHOTO)
        site.start("funmagic", "clock")
        print_figures(
            [
                Figure("kill -9 of a worker → another has its run", after_a_kill(site, person), "s", 20, LEASE_S),
                Figure(f"Redis back after {AWAY_S:.0f} s → a run that waited", after_redis(site, person), "s", 15),
            ]
        )


def after_a_kill(site: Site, person: Person) -> float:
    """Seconds from the kill to another worker's claim."""
    with workers(site, *WORKER, count=1) as keep:
        [task_id] = submit_all([person], 1)
        first = _wait_for(task_id, lambda task: task.lease_token is not None)
        _kill(keep()[0])
        with workers(site, *WORKER, count=1):
            seconds = _seconds_until(task_id, lambda task: task.lease_token not in (None, first.lease_token))
            _wait_for(task_id, lambda task: task.finished_at is not None)
    return seconds


def after_redis(site: Site, person: Person) -> float:
    """Seconds from the return of Redis to the claim of a run that was submitted while it was away."""
    with workers(site, *WORKER, count=1) as keep:
        wait_until(lambda: keep()[0].pid in [known.pid for known in Worker.all(get_redis())])
        site.redis.kill()
        site.redis.wait()
        [task_id] = submit_all([person], 1)
        time.sleep(AWAY_S)  # a fault that lasts, not a wait for something
        site.start_redis()
        seconds = _seconds_until(task_id, lambda task: task.started_at is not None)
        _wait_for(task_id, lambda task: task.finished_at is not None)
    return seconds


def _kill(process: psutil.Popen) -> None:
    process.kill()
    process.wait()


def _seconds_until(task_id: str, condition: Callable[[Task], bool]) -> float:
    began = time.monotonic()
    _wait_for(task_id, condition)
    return time.monotonic() - began


def _wait_for(task_id: str, condition: Callable[[Task], bool]) -> Task:
    wait_until(lambda: condition(load_task(task_id)))
    return load_task(task_id)


if __name__ == "__main__":
    main()
