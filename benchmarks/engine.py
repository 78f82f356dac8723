"""Prints tasks a second with an instant provider, the time of fifty slow remote ones, and a worker's memory."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import sqlalchemy as sa
from rq import Worker

from benchmarks.instant_worker import NAME as INSTANT
from benchmarks.instant_worker import do_nothing
from benchmarks.machine import Figure, print_figures
from benchmarks.people import Person, make_people
from benchmarks.site import WORKER, Site, memory, running_site
from funmagic.core.db import reading, transaction
from funmagic.core.queues import QueueName, queue
from funmagic.core.redis import get_redis
from funmagic.models.base import new_id
from funmagic.models.providers import Provider
from funmagic.providers.service import set_provider
from funmagic.tasks.submit import Submission, submit_task
from tests.factories import books_are_right, configure_step, photo_bytes, wait_until
from tests.ports import free_port

PEOPLE = 100
WORKERS = 2
TASKS = 2000
EMPTY_JOBS = 800
REMOTE_TASKS = 50
REMOTE_S = 20
PATIENCE_S = 300
POLL_S = 0.02
# This look takes the database some time, and the times come from it: looking more often would tell nothing more.
POLL_DATABASE_S = 0.25
KEY = "benchmark"
ENDED = sa.text("""
SELECT count(announced_at), count(announced_at) FILTER (WHERE status = 'completed'),
       extract(epoch FROM max(announced_at) - min(started_at))::float
FROM tasks WHERE id = ANY(:ids)""")


def main() -> None:
    """Measure each in turn, on one database."""
    with running_site(FUNMAGIC_MAX_RUNNING_TASKS="1000000", FUNMAGIC_ALLOWED_PRIVATE_HOSTS="127.0.0.1") as site:
        people = make_people(PEOPLE)
        site.start("funmagic", "clock")
        floor = empty_jobs_per_second(site)
        figures = [
            Figure(
                f"tasks, instant provider, {WORKERS} workers",
                instant_tasks_per_second(site, people),
                "tasks/s",
                100,
                floor,
                more_is_better=True,
            ),
            Figure(
                f"{REMOTE_TASKS} tasks at a provider that takes {REMOTE_S} s, {WORKERS} workers",
                remote_tasks_seconds(site, people),
                "s",
                40,
                REMOTE_S,
            ),
            *worker_memory(site),
        ]
        assert books_are_right()
    print_figures(figures)
    print("The floors are RQ's jobs that do nothing, with the same workers; and the provider's own time.")


def empty_jobs_per_second(site: Site) -> float:
    """How fast the same workers take and finish jobs that do nothing."""
    jobs = queue(QueueName.AI_TASKS)
    for _ in range(EMPTY_JOBS):
        jobs.enqueue_call(do_nothing, result_ttl=0)
    with workers(site, "benchmarks.instant_worker") as keep:
        _wait(lambda: jobs.count < EMPTY_JOBS, keep)
        began, there = time.monotonic(), jobs.count
        _wait(lambda: jobs.count == 0, keep)
        return there / (time.monotonic() - began)


def instant_tasks_per_second(site: Site, people: list[Person]) -> float:
    """Tasks a second from the first claim to the last one charged and announced."""
    with transaction() as session:
        session.add(Provider(name=INSTANT, display_name="Instant", type=INSTANT))
    configure_step(provider=INSTANT)
    task_ids = submit_all(people, TASKS)
    with workers(site, "benchmarks.instant_worker") as keep:
        return TASKS / seconds_to_complete(task_ids, keep)


def remote_tasks_seconds(site: Site, people: list[Person]) -> float:
    """Seconds from the first claim of fifty tasks to the end of the last, at an emulator of fal.ai's queue."""
    port = free_port()
    emulator = site.start("tests.emulators.fal", "--port", str(port), "--delay", str(REMOTE_S), "--key", KEY)
    with transaction() as session:
        set_provider(session, "fal", kind="fal", api_key=KEY, base_url=f"http://127.0.0.1:{port}", is_active=True)
    configure_step(provider="fal")
    task_ids = submit_all(people, REMOTE_TASKS)
    with workers(site, *WORKER) as keep:
        seconds = seconds_to_complete(task_ids, keep)
    site.stop(emulator)
    return seconds


def worker_memory(site: Site) -> list[Figure]:
    """What a worker holds before its first job, and once it has cut out a photo of four megapixels."""
    configure_step(provider="local")
    [person] = make_people(1, photo_bytes(2048, 2048))
    with workers(site, *WORKER, count=1) as keep:
        [worker] = keep()
        wait_until(lambda: worker.pid in [known.pid for known in Worker.all(get_redis())])
        idle = memory(worker)
        seconds_to_complete(submit_all([person], 1), keep)
        return [
            Figure("memory of a worker, no model loaded", idle / 1e6, "MB"),
            Figure("memory of a worker, cut-out models loaded", memory(worker) / 1e6, "MB"),
        ]


@contextmanager
def workers(site: Site, *module: str, count: int = WORKERS) -> Iterator[Callable[[], list[psutil.Popen]]]:
    """Workers for the block; the function it yields replaces those that ended, as the supervisor does."""
    crew = [site.start(*module) for _ in range(count)]

    def keep() -> list[psutil.Popen]:
        for number, worker in enumerate(crew):
            if worker.poll() is not None:
                crew[number] = site.start(*module)
        return crew

    try:
        yield keep
    finally:
        site.stop(*crew)


def submit_all(people: list[Person], count: int) -> list[str]:
    """Start so many runs, each of the next person's photo; returns their ids."""
    return [_submit(people[number % len(people)]) for number in range(count)]


def _submit(person: Person) -> str:
    values = {"assetId": person.asset_id}
    task, _ = submit_task(person.viewer, Submission("background-remove", new_id(), input=values))
    return task.id


def seconds_to_complete(task_ids: list[str], keep: Callable[[], object]) -> float:
    """Wait for the end of these tasks; seconds from the first claim to the last end that was told."""
    _wait(lambda: _ended(task_ids)[0] == len(task_ids), keep, POLL_DATABASE_S)
    _, completed, seconds = _ended(task_ids)
    assert completed == len(task_ids), f"{len(task_ids) - completed} tasks failed"
    return seconds


def _ended(task_ids: list[str]) -> tuple[int, int, float]:
    """How many were told to have ended, how many of them well, and in how many seconds."""
    with reading() as session:
        told, completed, seconds = session.execute(ENDED, {"ids": task_ids}).one()
    return told, completed, seconds


def _wait(condition: Callable[[], bool], keep: Callable[[], object], every_s: float = POLL_S) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it takes too long"
        keep()
        time.sleep(every_s)


if __name__ == "__main__":
    main()
