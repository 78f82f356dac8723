"""Every interesting point of a run, and what may happen there: each ends in one truth, and nothing is left behind."""

from collections.abc import Callable

import pytest

from funmagic.core.redis import get_redis
from tests.factories import wait_until
from tests.faults.product import Process, Product, Run

# Where a worker is, and how often fal.ai may have been asked to start the job when the worker dies right there.
POINTS = {
    "before-the-claim": ("before funmagic.tasks.lifecycle.claim_task", (1,)),
    "claimed": ("before worker.runs.run.call_provider", (1,)),
    # The one double start there is: nobody but fal.ai knows of the first.
    "job-taken-and-its-id-not-saved": ("before worker.runs.run._wait", (1, 2)),
    "parked": ("after worker.runs.run._wait", (1,)),
    "looking-at-the-job": ("before worker.providers.fal.adapter.Adapter.check", (1,)),
    "provider-done-and-nothing-stored": ("before worker.runs.run.store_outputs", (1,)),
    "stored-and-not-committed": ("after worker.runs.run.store_outputs", (1,)),
    "committing": ("after funmagic.tasks.lifecycle.finish_step", (1,)),
    "committed-and-not-told": ("before worker.runs.run.announce_end", (1,)),
    "told-and-not-noted": ("before funmagic.tasks.lifecycle.mark_announced", (1,)),
}


# The same when fal.ai declines the photo.
POINTS_OF_A_FAILURE = {
    "declined-and-nothing-done": "before worker.runs.run._fail_task",
    "failing": "after funmagic.tasks.lifecycle.fail_task",
    "failed-and-not-told": "before worker.runs.run.announce_end",
}

Fault = Callable[[Product, Process, Run], None]


def be_killed(product: Product, worker: Process, run: Run) -> None:
    worker.kill()
    run.let_time_pass()


def lose_redis(product: Product, worker: Process, run: Run) -> None:
    product.servers.redis.stop()
    worker.thaw()
    worker.wait_until_attempt_ends()
    product.servers.redis.start()


def have_redis_flushed(product: Product, worker: Process, run: Run) -> None:
    if run.source.ends:
        # Whoever comes back to a stream that is gone is told the end once more: who knows whether they heard it.
        wait_until(lambda: run.source.was_told_to_stop)
    get_redis().flushall()
    worker.thaw()


def have_postgresql_restarted(product: Product, worker: Process, run: Run) -> None:
    product.servers.postgresql.restart()
    worker.thaw()


# A restart of PostgreSQL cuts all connections, too; without one, that is tested in test_database.py.
FAULTS = [be_killed, lose_redis, have_redis_flushed, have_postgresql_restarted]


def befall(product: Product, point: str, fault: Fault) -> Run:
    """A run whose worker meets the fault at the point, with another worker idle, and somebody watching it all."""
    api = product.start_api()
    product.start("clock")
    worker = product.start("worker", freeze=point)
    run = product.submit(api)
    worker.wait_until_frozen()
    product.start("worker")
    wait_until(lambda: run.source.is_connected)
    fault(product, worker, run)
    return run


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_run_completes_and_is_charged_once(product: Product, point: str, fault: Fault) -> None:
    where, jobs = POINTS[point]
    run = befall(product, where, fault)
    run.assert_completed_once(jobs=jobs if fault is be_killed else (1,))


@pytest.mark.parametrize("point", POINTS_OF_A_FAILURE)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_run_that_fal_declines_fails_and_is_released_once(product: Product, point: str, fault: Fault) -> None:
    product.servers.fal.script("rejected")
    run = befall(product, POINTS_OF_A_FAILURE[point], fault)
    run.assert_failed_and_released("PROVIDER_REJECTED")
