"""Processes die under a run; the page still ends in the one truth, and the credits are right."""

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.product import Product
from tests.browser.steps import (
    a_photo,
    expect_balance,
    expect_result,
    start_run,
    start_waiting_run,
    task_id_of,
)
from tests.factories import photo_bytes, wait_until


def test_redis_killed_in_mid_run_is_only_a_pause(page: Page, context: BrowserContext, product: Product) -> None:
    with product.workers_paused():
        start_waiting_run(page, context)
        with product.redis_killed():
            expect(page.get_by_text("Live updates are paused. Your run goes on.")).to_be_visible()
    expect_result(page)
    expect_balance(page, 95)


def test_redis_that_hangs_and_forgets_all_loses_nothing(page: Page, context: BrowserContext, product: Product) -> None:
    paused = page.get_by_text("Live updates are paused. Your run goes on.")
    with product.workers_paused():
        start_waiting_run(page, context)
        with product.redis_hung():
            expect(paused).to_be_visible()
        expect(paused).to_be_hidden()
        product.flush_redis()
    expect_result(page)
    expect_balance(page, 95)


def test_a_worker_killed_in_mid_run_charges_once(page: Page, context: BrowserContext, product: Product) -> None:
    start_run(page, context, a_photo(photo_bytes(6000, 6000), "large.jpg"))
    task_id = task_id_of(page)
    wait_until(lambda: _status(product, task_id) == "processing")
    product.kill_workers()
    expect(page.get_by_role("link", name="Download PNG")).to_be_visible(timeout=60_000)
    expect_balance(page, 95)
    lines = product.query("SELECT type FROM credit_transactions WHERE task_id = :id", id=task_id)
    assert sorted(line.type for line in lines) == ["reservation", "usage"]
    [task] = product.query("SELECT attempts FROM tasks WHERE id = :id", id=task_id)
    assert task.attempts == 2


def test_a_second_start_finds_everything_as_it_was(page: Page, context: BrowserContext, product: Product) -> None:
    with product.workers_paused():
        start_waiting_run(page, context)
        address = page.url
        product.kill_workers()
    product.stop()
    product.start()
    page.goto(address)
    expect_result(page)
    expect_balance(page, 95)


def _status(product: Product, task_id: str) -> str:
    return str(product.query("SELECT status FROM tasks WHERE id = :id", id=task_id)[0].status)
