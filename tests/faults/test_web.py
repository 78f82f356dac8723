"""kill -9 of web processes: while a run is started, and under those who watch one."""

import httpx
import pytest

from tests.factories import balance_of, upload_photo, wait_until
from tests.faults.commit_points import COMMITTED, RESERVED
from tests.faults.product import PRICE, Product, RunRequest, in_background


@pytest.mark.parametrize(
    ("point", "runs", "answer_to_asking_again"),
    [(RESERVED, 0, httpx.codes.CREATED), (COMMITTED, 1, httpx.codes.OK)],
    ids=["before-the-commit", "between-commit-and-enqueue"],
)
def test_asking_again_after_a_web_process_died_leads_to_one_run(
    product: Product, point: str, runs: int, answer_to_asking_again: int
) -> None:
    doomed = product.start_api(freeze=point)
    other = product.start_api()
    request = RunRequest(upload_photo(product.viewer))
    with product.visit(doomed) as client, in_background(lambda: request.send(client)) as answer:
        doomed.wait_until_frozen()
        doomed.kill()
        with pytest.raises(httpx.TransportError):
            answer()
    wait_until(lambda: (product.runs(), balance_of(product.viewer).reserved) == (runs, runs * PRICE))
    with product.visit(other) as client:
        again = request.send(client)
    assert again.status_code == answer_to_asking_again
    run = product.watch(again.json()["task"]["id"], other)
    product.start("clock")
    product.start("worker")
    run.assert_completed_once()
    assert product.runs() == 1


def test_who_watches_a_run_follows_on_at_the_next_web_process(product: Product) -> None:
    api = product.start_api()
    product.start("clock")
    worker = product.start("worker", freeze="before worker.runs.run.store_outputs")
    run = product.submit(api)
    worker.wait_until_frozen()
    wait_until(lambda: len(run.source.ids) > 0)
    api.kill()
    worker.thaw()
    wait_until(lambda: run.row.announced_at)
    assert run.source.ends == []
    product.start_api(in_place_of=api)
    run.assert_completed_once()
    assert [event["type"] for event in run.source.events].count("step_started") == 1
