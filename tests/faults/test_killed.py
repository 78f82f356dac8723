"""kill -9 of workers: another has their runs once their lease is over, which `benchmarks.recovery` measures."""

import pytest

from funmagic.tasks.lifecycle import MAX_ATTEMPTS
from funmagic.tasks.statements import LEASE_S
from tests.factories import wait_until
from tests.faults.product import Product
from worker.clock import TICK_S

WORKING = "before worker.runs.run.call_provider"
AGAIN_WITHIN_S = 20


def test_the_lease_of_a_killed_worker_is_over_and_noticed_within_20_seconds() -> None:
    assert LEASE_S + 2 * TICK_S <= AGAIN_WITHIN_S


@pytest.mark.parametrize("point", [WORKING, "before funmagic.tasks.lifecycle.claim_task"], ids=["working", "claiming"])
def test_another_worker_claims_the_run_of_a_killed_one_once_its_lease_is_over(product: Product, point: str) -> None:
    api = product.start_api()
    product.start("clock")
    first = product.start("worker", freeze=point)
    run = product.submit(api)
    first.wait_until_frozen()
    second = product.start("worker", freeze=WORKING)
    token = run.row.lease_token
    first.kill()
    run.let_time_pass()
    wait_until(lambda: run.row.lease_token not in (None, token), of=second)
    second.thaw()
    run.assert_completed_once()


def test_a_run_whose_every_worker_dies_is_given_up_and_released(product: Product) -> None:
    api = product.start_api()
    product.start("clock")
    worker = product.start("worker", freeze=WORKING)
    run = product.submit(api)
    for _ in range(MAX_ATTEMPTS - 1):
        worker.wait_until_frozen()
        dead, worker = worker, product.start("worker", freeze=WORKING)
        dead.kill()
        run.let_time_pass()
    worker.wait_until_frozen()
    worker.kill()
    run.assert_failed_and_released("WORKER_LOST", jobs=(0,))
    assert run.row.attempts == MAX_ATTEMPTS + 1
