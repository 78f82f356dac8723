"""Redis away, hanging or flushed under a product that runs: runs wait, and nothing else changes."""

import httpx

from funmagic.core.db import transaction
from funmagic.core.live import subscription
from funmagic.core.redis import get_redis
from funmagic.providers.service import set_provider
from funmagic.tasks.statements import LEASE_S, LOOK_AGAIN_S
from tests.factories import upload_photo, wait_until
from tests.faults.product import Product, RunRequest
from worker.clock import TICK_S
from worker.main import Worker

RESUMED_WITHIN_S = 15


def test_everybody_looks_for_redis_often_enough_to_go_on_within_15_seconds_of_its_return() -> None:
    slowest_to_reconnect = max(Worker.max_connection_wait_time, subscription.RECONNECT_S, LOOK_AGAIN_S, LEASE_S)
    assert slowest_to_reconnect + 2 * TICK_S <= RESUMED_WITHIN_S


def test_without_redis_runs_start_and_wait_and_after_its_return_they_go_on(product: Product) -> None:
    api = product.start_api()
    clock = product.start("clock")
    worker = product.start("worker")
    product.submit(api).assert_completed_once()  # so that everybody is connected
    product.servers.redis.stop()
    with product.visit(api) as client:
        answer = RunRequest(upload_photo(product.viewer)).send(client)
        task = answer.json()["task"]
        assert (answer.status_code, task["status"]) == (httpx.codes.CREATED, "pending")
        read = client.get(f"/api/tasks/{task['id']}")
        assert (read.status_code, read.json()["task"]["status"]) == (httpx.codes.OK, "pending")
        stream = client.get(f"/api/tasks/{task['id']}/stream")
    assert (stream.status_code, stream.json()["error"]["code"]) == (503, "LIVE_UPDATES_PAUSED")
    assert int(stream.headers["Retry-After"]) > 0
    run = product.watch(task["id"], api)
    wait_until(lambda: run.source.refusals)
    wait_until(lambda: "tick_failed" in clock.log, of=clock)  # the clock has tried in vain
    product.servers.redis.start()
    run.assert_completed_once(jobs=(2,))
    assert set(run.source.refusals) == {(503, stream.headers["Retry-After"])}
    assert worker.is_running


def test_a_run_that_is_watched_goes_on_after_the_return_of_redis(product: Product) -> None:
    product.servers.fal.script("queue", polls=1)
    api = product.start_api()
    product.start("clock")
    worker = product.start("worker", freeze="after worker.runs.run._wait")
    run = product.submit(api)
    worker.wait_until_frozen()
    wait_until(lambda: run.source.is_connected)
    product.start("worker")
    product.servers.redis.stop()
    worker.kill()
    heard = run.source.comments
    wait_until(lambda: run.source.comments > heard)  # which keep a stream open while Redis is away
    assert run.row.status == "processing"
    product.servers.redis.start()
    run.assert_completed_once()
    assert run.source.refusals == []


def test_runs_that_are_queued_parked_and_running_survive_a_flushed_redis(product: Product) -> None:
    with transaction() as session:
        set_provider(session, "fal", config={"rateLimit": {"maxConcurrency": 3}})
    product.servers.fal.script("queue", polls=2)
    api = product.start_api()
    product.start("clock")
    worker = product.start("worker", freeze="before worker.runs.run.store_outputs")
    parked = product.submit(api)
    wait_until(lambda: parked.row.attempts == 1 and parked.row.lease_token is None)
    running = product.submit(api)
    worker.wait_until_frozen()
    queued = product.submit(api)
    states = [(run.row.status, run.row.lease_token is None) for run in (queued, parked, running)]
    assert states == [("queued", True), ("processing", True), ("processing", False)]
    get_redis().flushall()
    worker.thaw()
    for run in (queued, parked, running):
        run.wait_for_end()
    for run in (queued, parked, running):
        run.assert_completed_once(jobs=(3,))


def test_a_redis_that_hangs_delays_a_submit_and_loses_nothing(product: Product) -> None:
    api = product.start_api()
    product.start("clock")
    product.start("worker")
    request = RunRequest(upload_photo(product.viewer))
    with product.visit(api) as client:
        product.servers.redis.hang()
        answer = request.send(client)
    product.servers.redis.wake()
    assert answer.status_code == httpx.codes.CREATED  # while nothing came from Redis
    product.watch(answer.json()["task"]["id"], api).assert_completed_once()
