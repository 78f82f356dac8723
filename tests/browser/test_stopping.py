"""A web process is replaced under an open page, as every deployment does."""

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.product import Product
from tests.browser.steps import expect_result, start_waiting_run, task_id_of
from tests.browser.web import Web


def test_an_open_page_outlives_its_web_process(page: Page, context: BrowserContext, product: Product) -> None:
    web = Web(product)
    web.start()
    try:
        with product.workers_paused():
            start_waiting_run(page, context)
            page.goto(f"{web.url}/tools/background-remove?task={task_id_of(page)}")
            expect(page.get_by_text("In line")).to_be_visible()
            web.stop()
            web.start()
        expect_result(page)
    finally:
        web.kill()
