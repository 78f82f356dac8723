"""PostgreSQL restarts, cuts connections or is away while a run is started, and while its result is kept."""

from collections.abc import Callable

import httpx
import pytest

from tests.factories import balance_of, upload_photo, wait_until
from tests.faults.commit_points import COMMITTED, RESERVED
from tests.faults.product import WELCOME, Product, RunRequest, in_background
from tests.postgres import Cluster

FAULTS = [Cluster.restart, Cluster.cut_connections]
Fault = Callable[[Cluster], None]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_run_whose_submit_lost_the_database_is_started_once_by_asking_again(product: Product, fault: Fault) -> None:
    api = product.start_api(freeze=RESERVED)
    product.start("clock")
    product.start("worker")
    request = RunRequest(upload_photo(product.viewer))
    with product.visit(api) as client, in_background(lambda: request.send(client)) as answer:
        api.wait_until_frozen()
        fault(product.servers.postgresql)
        api.thaw()
        refused = answer()
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "DATABASE_UNAVAILABLE")
        assert int(refused.headers["Retry-After"]) > 0
        assert (product.runs(), balance_of(product.viewer).reserved) == (0, 0)
        again = request.send(client)
    assert again.status_code == httpx.codes.CREATED
    product.watch(again.json()["task"]["id"], api).assert_completed_once()
    assert product.runs() == 1


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_run_that_was_committed_is_answered_though_the_database_is_lost_before_the_enqueue(
    product: Product, fault: Fault
) -> None:
    api = product.start_api(freeze=COMMITTED)
    product.start("clock")
    product.start("worker")
    request = RunRequest(upload_photo(product.viewer))
    with product.visit(api) as client, in_background(lambda: request.send(client)) as answer:
        api.wait_until_frozen()
        fault(product.servers.postgresql)
        api.thaw()
        assert answer().status_code == httpx.codes.CREATED
        again = request.send(client)
    assert (again.status_code, again.json()["task"]["id"]) == (httpx.codes.OK, answer().json()["task"]["id"])
    product.watch(again.json()["task"]["id"], api).assert_completed_once()
    assert product.runs() == 1


def test_a_result_outlives_a_database_that_is_away_for_longer_than_its_worker_waits(product: Product) -> None:
    api = product.start_api()
    product.start("clock")
    worker = product.start("worker", freeze="after worker.runs.run.store_outputs")
    run = product.submit(api)
    worker.wait_until_frozen()
    wait_until(lambda: run.source.is_connected)
    product.start("worker")
    product.servers.postgresql.stop()
    worker.thaw()
    with product.visit(api) as client:
        refused = client.get(f"/api/tasks/{run.id}")
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "DATABASE_UNAVAILABLE")
    worker.wait_until_attempt_ends()
    product.servers.postgresql.resume()
    assert balance_of(product.viewer).balance == WELCOME
    run.assert_completed_once()
    assert run.row.attempts == 2
