"""kill -9 of workers, and how long it takes until another has their runs."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from funmagic.db import reading
from funmagic.models.base import db_time
from funmagic.tasks.lifecycle import MAX_ATTEMPTS
from funmagic.tasks.statements import LEASE_S
from tests.factories import wait_until
from tests.faults.product import DEADLINE_S, Product

WORKING = "before worker.run.call_provider"
AGAIN_WITHIN = timedelta(seconds=20)


def database_time():
    with reading() as session:
        return session.execute(sa.select(db_time())).scalar_one()


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("point", [WORKING, "before funmagic.tasks.lifecycle.claim_task"], ids=["working", "claiming"])
def test_another_worker_claims_the_run_of_a_killed_one_within_20_seconds(product: Product, point: str) -> None:
    api = product.start_api()
    product.start("clock")
    first = product.start("worker", freeze=point)
    run = product.submit(api)
    first.wait_until_frozen()
    second = product.start("worker", freeze=WORKING)
    token = run.row.lease_token
    first.kill()
    killed_at = database_time()
    wait_until(lambda: run.row.lease_token not in (None, token), DEADLINE_S)
    claimed_at = run.row.leased_until - timedelta(seconds=LEASE_S)
    assert claimed_at - killed_at <= AGAIN_WITHIN
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
