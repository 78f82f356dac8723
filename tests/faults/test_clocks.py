"""The clock dies, or loses its turn, in the middle of what it does; its spare stands by."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from funmagic.core.db import transaction
from funmagic.models.base import db_time
from funmagic.models.leases import Lease
from funmagic.tasks.lifecycle import MAX_ATTEMPTS
from tests.factories import change_task, wait_until
from tests.faults.product import Process, Product, Run

WORKING = "before worker.runs.run.call_provider"
COMMITTED = "before worker.runs.run.announce_end"

# Where the leading clock is, and where the worker had died before.
WAKING = {
    "about-to-enqueue": ("before worker.clock.dispatch_tasks", "after worker.runs.run._wait"),
    "enqueued-and-not-noted": ("before funmagic.tasks.lifecycle.mark_queued", "after worker.runs.run._wait"),
    "about-to-recover": ("before funmagic.tasks.lifecycle.revoke_lease", WORKING),
    "about-to-tell": ("before worker.clock.announce_end", COMMITTED),
}
GIVING_UP = {
    "giving-up": "after funmagic.tasks.lifecycle.fail_task",
    "given-up-and-not-told": "before worker.clock.announce_end",
}


def be_killed(clock: Process, run: Run) -> None:
    clock.kill()
    with transaction() as session:  # its turn is over right now; how long that takes is for the other fault
        session.execute(sa.update(Lease).values(expires_at=db_time(-1)))


def wake_up_after_its_spare_took_over(clock: Process, run: Run) -> None:
    wait_until(lambda: run.row.announced_at)
    clock.thaw()


FAULTS = [be_killed, wake_up_after_its_spare_took_over]
Fault = Callable[[Process, Run], None]


def lose_worker(product: Product, clock_at: str, worker_at: str) -> tuple[Process, Run]:
    """A run whose worker died, and the leading clock, which will freeze while it deals with that."""
    clock = product.start("clock", freeze=clock_at)
    worker = product.start("worker", freeze=worker_at)
    run = product.submit(product.start_api())
    worker.wait_until_frozen()
    worker.kill()
    return clock, run


@pytest.mark.parametrize("point", WAKING)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_the_spare_does_what_the_leading_clock_did_not_finish(product: Product, point: str, fault: Fault) -> None:
    clock, run = lose_worker(product, *WAKING[point])
    run.let_time_pass()
    clock.wait_until_frozen()
    product.start("clock")
    product.start("worker")
    fault(clock, run)
    run.assert_completed_once()


@pytest.mark.parametrize("point", GIVING_UP)
def test_the_spare_gives_up_what_the_leading_clock_was_giving_up(product: Product, point: str) -> None:
    clock, run = lose_worker(product, GIVING_UP[point], WORKING)
    change_task(run.id, attempts=MAX_ATTEMPTS)
    run.let_time_pass()
    clock.wait_until_frozen()
    product.start("clock")
    be_killed(clock, run)
    run.assert_failed_and_released("WORKER_LOST", jobs=(0,))
