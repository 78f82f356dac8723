"""Buying credits in the middle of something: at Stripe's pages and back, with everything where it was."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.product import Product
from tests.browser.profiles import fresh_profile
from tests.browser.steps import (
    FIGME,
    TOOL,
    assert_accessible,
    choose_photo,
    expect_balance,
    expect_result,
    pick_style,
    sign_in,
    sign_up,
    task_id_of,
)
from tests.browser.web import Web
from tests.emulators.stripe import KEY, SECRET, StripeEmulator, running_stripe
from tests.factories import PASSWORD


@pytest.fixture(scope="module")
def shop(product: Product) -> Iterator[tuple[Web, StripeEmulator]]:
    """A web process of the same product that sells credits, and its Stripe."""
    with running_stripe() as stripe:
        own = {
            "FUNMAGIC_STRIPE_SECRET_KEY": KEY,
            "FUNMAGIC_STRIPE_WEBHOOK_SECRETS": SECRET,
            "FUNMAGIC_STRIPE_API_BASE": stripe.url,
        }
        web = Web(product, own)
        stripe.webhooks.endpoint = f"{web.url}/api/webhooks/stripe"
        web.start()
        yield web, stripe
        web.stop()


@pytest.fixture
def stripe(shop: tuple[Web, StripeEmulator]) -> StripeEmulator:
    """Stripe, with nothing in it yet."""
    shop[1].reset()
    return shop[1]


@pytest.fixture
def context(chromium: Browser, shop: tuple[Web, StripeEmulator]) -> Iterator[BrowserContext]:
    """A fresh profile at the shop."""
    with fresh_profile(chromium, shop[0].url) as context:
        yield context


@pytest.fixture
def admin(chromium: Browser, shop: tuple[Web, StripeEmulator], product: Product) -> Iterator[BrowserContext]:
    """The profile of somebody who may correct what others were charged."""
    product.command("create-admin", "treasurer@example.com", "--role", "admin", "--password-stdin", given=PASSWORD)
    with fresh_profile(chromium, shop[0].url) as context:
        sign_in(context, "treasurer@example.com")
        yield context


def test_a_newcomer_runs_out_buys_in_the_dialog_and_is_refunded(
    page: Page, context: BrowserContext, product: Product, stripe: StripeEmulator, admin: BrowserContext
) -> None:
    sign_up(context)
    with product.tool_config(credits=120):
        page.goto(TOOL)
        expect(page.get_by_text("You have 100 credits; a run costs 120. Buy credits")).to_be_visible()
        choose_photo(page)
        dialog = open_dialog(page, "Remove background (120 credits)")
        expect(dialog).to_contain_text("This run costs 120 credits and you have 100, so 20 are missing.")
        assert_accessible(page, "too few credits")
        dialog.get_by_role("button", name="Buy Starter for $9.99").click()
        page.get_by_role("button", name="Decline card").click()
        expect(page.get_by_role("alert")).to_contain_text("declined")
        page.get_by_role("link", name="Back").click()
        expect(page.get_by_text("disc.jpg")).to_be_visible()
        expect(dialog).to_be_hidden()

        # The webhook never comes in time: the page asks by itself.
        stripe.webhooks.hold()
        open_dialog(page, "Remove background (120 credits)").get_by_role("button", name="Buy Starter").click()
        page.get_by_role("button", name="Pay", exact=True).click()
        expect(page.get_by_role("heading", name="Waiting for the payment")).to_be_visible()
        assert_accessible(page, "waiting for a payment")
        expect(page.get_by_role("heading", name="Your credits are here")).to_be_visible()
        assert_accessible(page, "a purchase")
        stripe.webhooks.release()
        expect_balance(page, 200)

        page.get_by_role("link", name="Back to what you were doing").click()
        expect(page.get_by_text("disc.jpg")).to_be_visible()
        page.get_by_role("button", name="Remove background (120 credits)").click()
        expect_result(page)
        expect_balance(page, 80)

    task_id = task_id_of(page)
    page.goto("/credits")
    stories = page.locator(".story")
    expect(stories).to_contain_text(["120 credits charged", "Bought for $9.99", "A gift to start with"])
    answer = admin.request.post(
        f"/api/admin/billing/tasks/{task_id}/refund",
        data={"reason": "It was not what you hoped for"},
        headers={"Idempotency-Key": task_id},
    )
    assert answer.status == 200, answer.text()
    expect_balance(page, 200)
    expect(stories).to_contain_text(["120 credits charged, 120 credits refunded", "Starter", "Welcome credits"])
    assert "0 discrepancies" in product.command("audit-credits")


def test_a_purchase_reaches_every_tab_and_its_invoice_is_at_stripe(
    page: Page, context: BrowserContext, product: Product, stripe: StripeEmulator
) -> None:
    page.goto("/pricing")
    page.get_by_role("button", name="Buy Creator for $24.99").click()
    expect(page.get_by_role("dialog", name="One moment before the magic")).to_be_visible()
    sign_up(context)
    other = context.new_page()
    with page.expect_navigation():  # the first tab hears who came in, and is loaded anew
        other.goto("/tools")
    expect_balance(other, 100)
    with product.tool_config("figme", "image-gen", credits=150):
        page.goto(FIGME)
        pick_style(page, "Neon night")
        page.get_by_role("button", name="Coffee").click()
        open_dialog(page, "Generate (150 credits)").get_by_role("link", name="See all packages").click()
        page.get_by_role("button", name="Buy Creator for $24.99").click()
        page.get_by_role("button", name="Pay", exact=True).click()
        expect(page.get_by_role("heading", name="Your credits are here")).to_be_visible()
        expect(page.get_by_text("300 credits + 30 bonus")).to_be_visible()
        for tab in (page, other):
            expect_balance(tab, 430)
        page.reload()
        page.get_by_role("link", name="Back to what you were doing").click()
        expect(page.get_by_text("Neon night")).to_be_visible()
        expect(page.get_by_text("coffee.jpg")).to_be_visible()
        expect(page.get_by_role("button", name="Generate (150 credits)")).to_be_enabled()
    other.goto("/profile")
    other.get_by_role("button", name="Manage billing").click()
    expect(other.get_by_role("row")).to_contain_text("Paid24.99 USD")
    other.get_by_role("link", name="Return to").click()
    other.wait_for_url("**/profile")


def open_dialog(page: Page, button: str) -> Locator:
    """Press a button that costs more than there is."""
    page.get_by_role("button", name=button).click()
    dialog = page.get_by_role("dialog", name="Not enough credits")
    expect(dialog).to_be_visible()
    return dialog
