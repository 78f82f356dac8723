"""Reload, close the tab, open another: the page shows the true state and goes on live."""

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.product import Product
from tests.browser.steps import (
    TOOL,
    expect_balance,
    expect_result,
    sign_up,
    start_run,
    start_waiting_run,
    task_id_of,
)


def test_a_reloaded_page_goes_on_live(page: Page, context: BrowserContext, product: Product) -> None:
    with product.workers_paused():
        start_waiting_run(page, context)
        expect(page.locator(".balance-held")).to_contain_text("5")
        page.reload()
        expect(page.get_by_text("In line")).to_be_visible()
    expect_result(page)
    expect_balance(page, 95)
    page.reload()
    expect_result(page)


def test_a_closed_tab_loses_nothing(page: Page, context: BrowserContext, product: Product) -> None:
    with product.workers_paused():
        start_waiting_run(page, context)
        page.close()
        later = context.new_page()
        later.goto(TOOL)
        expect(later.get_by_text("In line")).to_be_visible()
    expect_result(later)


def test_two_tabs_see_the_same_run_live(page: Page, context: BrowserContext, product: Product) -> None:
    with product.workers_paused():
        start_run(page, context)
        address = f"{TOOL}?task={task_id_of(page)}"
        other = context.new_page()
        other.goto(address)
        expect(other.get_by_text("In line")).to_be_visible()
    for tab in (page, other):
        expect_result(tab)
        expect_balance(tab, 95)


def test_cancelling_gives_the_credits_back_in_every_tab(page: Page, context: BrowserContext, product: Product) -> None:
    with product.workers_paused():
        start_run(page, context)
        other = context.new_page()
        other.goto(f"{TOOL}?task={task_id_of(page)}")
        expect(other.get_by_text("In line")).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        for tab in (page, other):
            expect(tab.get_by_text("Run cancelled. Nothing was charged.")).to_be_visible()
            expect_balance(tab, 100)


def test_somebody_elses_run_cannot_be_seen(page: Page, context: BrowserContext, product: Product) -> None:
    start_run(page, context)
    expect_result(page)
    address = page.url
    context.clear_cookies()
    sign_up(context)
    page.goto(address)
    expect(page.get_by_text("Drop a photo here")).to_be_visible()
