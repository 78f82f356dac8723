"""The tabs of one browser, and browsers of one person, show the same viewer without being loaded by hand."""

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.letters import newest_link
from tests.browser.product import Product
from tests.browser.steps import TOOL, choose_photo, expect_balance, expect_result, press_run, sign_in, sign_up
from tests.browser.ways_in import expect_signed_out, follow_link, request_link


def test_a_run_that_was_asked_for_goes_on_in_the_tab_that_asked_for_the_link(
    page: Page, context: BrowserContext, product: Product
) -> None:
    page.goto(TOOL)
    choose_photo(page)
    press_run(page)
    request_link(page, "runner@example.com")
    mailed = context.new_page()
    follow_link(mailed, newest_link(product, "runner@example.com"))
    mailed.wait_for_url(f"**{TOOL}")
    expect_result(page)
    for tab in (page, mailed):
        expect_balance(tab, 95)
    page.reload()
    expect_result(page)
    expect_balance(page, 95)
    runs = "SELECT t.id FROM tasks t JOIN users u ON u.id = t.user_id WHERE u.email = 'runner@example.com'"
    assert len(product.query(runs)) == 1


def test_a_run_goes_on_after_a_link_for_an_account_whose_email_was_never_confirmed(
    page: Page, context: BrowserContext, elsewhere: Page, product: Product
) -> None:
    email = sign_up(elsewhere.context)
    unconfirmed = newest_link(product, email)
    page.goto(TOOL)
    choose_photo(page)
    press_run(page)
    request_link(page, email)
    mailed = context.new_page()
    follow_link(mailed, newest_link(product, email, besides=unconfirmed))
    mailed.wait_for_url(f"**{TOOL}")
    expect_result(page)
    for tab in (page, mailed):
        expect_balance(tab, 95)
        expect(tab.get_by_role("complementary", name="Your email is not confirmed")).to_be_hidden()
    runs = "SELECT t.id FROM tasks t JOIN users u ON u.id = t.user_id WHERE u.email = :email"
    assert len(product.query(runs, email=email)) == 1
    elsewhere.goto("/tools")
    expect_signed_out(elsewhere)


def test_nothing_runs_that_nobody_pressed(page: Page, context: BrowserContext) -> None:
    page.goto(TOOL)
    choose_photo(page)
    press_run(page)
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    sign_up(context)
    elsewhere = context.new_page()
    elsewhere.goto("/")
    expect_balance(page, 100)
    expect(page.get_by_role("button", name="Remove background (5 credits)")).to_be_enabled()
    expect(page.get_by_text("disc.jpg")).to_be_visible()
    expect_balance(page, 100)


def test_a_confirmed_email_is_known_in_every_tab_and_browser(
    page: Page, context: BrowserContext, elsewhere: Page, product: Product
) -> None:
    email = sign_up(context)
    sign_in(elsewhere.context, email)
    confirming = context.new_page()
    banners = [
        tab.get_by_role("complementary", name="Your email is not confirmed") for tab in (page, elsewhere, confirming)
    ]
    page.goto(TOOL)
    elsewhere.goto("/credits")
    confirming.goto(newest_link(product, email))
    for banner in banners:
        expect(banner).to_be_visible()
    confirming.get_by_role("button", name="Confirm my email").click()
    expect(confirming.get_by_role("heading", name="Your email is confirmed")).to_be_visible()
    for banner in banners:
        expect(banner).to_be_hidden()


def test_signing_out_in_one_tab_shows_in_the_others(page: Page, context: BrowserContext) -> None:
    sign_up(context)
    other = context.new_page()
    for tab in (page, other):
        tab.goto("/tools")
        expect_balance(tab, 100)
    page.get_by_role("button", name="Mia Chen").click()
    page.get_by_role("button", name="Sign out").click()
    for tab in (page, other):
        expect_signed_out(tab)


def test_a_tab_that_is_looked_at_again_shows_who_is_signed_in_now(page: Page, context: BrowserContext) -> None:
    page.goto("/tools")
    expect_signed_out(page)
    sign_up(context)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect_balance(page, 100)
    context.clear_cookies()
    sign_up(context)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_event("load")
    expect_balance(page, 100)
