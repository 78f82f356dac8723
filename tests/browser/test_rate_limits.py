"""Whoever tries too often sees how long to wait, and may go on after it."""

import re

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.product import Product

FORGOT = "/api/auth/forgot-password"


def test_a_form_sent_too_often_counts_down_and_can_be_sent_after_it(
    page: Page, context: BrowserContext, product: Product
) -> None:
    page.clock.install()
    page.goto("/forgot-password")
    page.get_by_label("Email").fill("nobody@example.com")
    send = page.locator("form button[type=submit]")
    with product.rate_limits(authAction=1):
        assert context.request.post(FORGOT, data={"email": "nobody@example.com"}).status == 202
        send.click()
        timer = page.locator("[role=timer]")
        expect(timer).to_have_text(re.compile(r"^Too many tries\. Please wait (60|5\d) s\.$"))
        expect(send).to_be_disabled()
        page.clock.run_for(30_000)
        expect(timer).to_have_text(re.compile(r"^Too many tries\. Please wait (30|2\d) s\.$"))
    page.clock.run_for(31_000)
    expect(timer).to_have_count(0)
    send.click()
    expect(page.get_by_text("nobody@example.com")).to_be_visible()
