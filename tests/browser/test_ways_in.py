"""Every way in, from the form over the mail to where the person was going."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.letters import newest_link
from tests.browser.product import Product
from tests.browser.steps import TOOL, choose_photo, expect_balance, expect_result, press_run, sign_up
from tests.browser.ways_in import expect_signed_out, follow_link, request_link
from tests.browser.web import Web
from tests.factories import PASSWORD


@pytest.fixture
def strict(product: Product) -> Iterator[Web]:
    """A web process of the same product that wants emails proved."""
    web = Web(product, {"FUNMAGIC_REQUIRE_EMAIL_VERIFICATION": "true"})
    web.start()
    yield web
    web.stop()


def test_a_link_makes_the_account_and_leads_on_even_in_another_browser(
    page: Page, elsewhere: Page, product: Product
) -> None:
    page.goto(f"/login?next={TOOL}")
    request_link(page, "linked@example.com")
    link = newest_link(product, "linked@example.com")
    elsewhere.goto(link)
    expect(elsewhere.get_by_text("linked@example.com")).to_be_visible()
    elsewhere.reload()
    elsewhere.get_by_role("button", name="Sign in").click()
    elsewhere.wait_for_url(f"**{TOOL}")
    expect_balance(elsewhere, 100)
    follow_up = page.goto(link)
    assert follow_up.status == 400
    expect(page.get_by_text("This link has expired or was already used.")).to_be_visible()
    page.get_by_role("link", name="Get a new link").click()
    page.wait_for_url(f"**/login?next={TOOL}")
    request_link(page, "linked@example.com")
    follow_link(page, newest_link(product, "linked@example.com", besides=link))
    page.wait_for_url(f"**{TOOL}")
    expect_balance(page, 100)


def test_asking_again_replaces_the_link(page: Page, product: Product) -> None:
    page.goto("/login")
    request_link(page, "twice@example.com")
    expect(page.get_by_role("heading", name="Welcome back")).to_be_hidden()
    first = newest_link(product, "twice@example.com")
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_text("Sent again.")).to_be_visible()
    second = newest_link(product, "twice@example.com", besides=first)
    page.goto(first)
    expect(page.get_by_role("heading", name="This link no longer works")).to_be_visible()
    follow_link(page, second)
    expect_balance(page, 100)


def test_a_link_from_the_dialog_leads_back_to_the_tool_and_the_run_goes_on_where_it_was_pressed(
    page: Page, context: BrowserContext, product: Product
) -> None:
    page.goto(TOOL)
    choose_photo(page)
    press_run(page)
    request_link(page, "photographer@example.com")
    mailed = context.new_page()
    follow_link(mailed, newest_link(product, "photographer@example.com"))
    mailed.wait_for_url(f"**{TOOL}")
    expect_result(page)
    for tab in (page, mailed):
        expect_balance(tab, 95)


def test_the_tab_that_waits_for_a_link_goes_on_by_itself(page: Page, context: BrowserContext, product: Product) -> None:
    page.goto(f"/login?next={TOOL}")
    request_link(page, "patient@example.com")
    mailed = context.new_page()
    follow_link(mailed, newest_link(product, "patient@example.com"))
    expect_balance(mailed, 100)
    page.wait_for_url(f"**{TOOL}")
    expect_balance(page, 100)


def test_signing_up_shows_how_good_the_password_is_and_refuses_a_common_one(page: Page) -> None:
    page.goto("/register")
    page.get_by_label("Name").fill("Mia Chen")
    page.get_by_label("Email").fill("careful@example.com")
    password = page.get_by_label("Password", exact=True)
    for typed, word in (("password1", "Too easy to guess"), ("Chen", "Too easy to guess"), (PASSWORD, "Strong")):
        password.fill(typed)
        expect(page.locator(".strength-word")).to_have_text(word)
    password.fill("password1")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("alert").filter(has_text="too easy to guess")).to_be_visible()
    password.fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect_balance(page, 100)


def test_a_new_person_confirms_their_email(page: Page, product: Product) -> None:
    page.goto(f"/register?next={TOOL}")
    page.get_by_label("Name").fill("Vera")
    page.get_by_label("Email").fill("vera@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url(f"**{TOOL}")
    banner = page.get_by_role("complementary", name="Your email is not confirmed")
    expect(banner).to_contain_text("vera@example.com")
    first = newest_link(product, "vera@example.com")
    banner.get_by_role("button", name="Send again").click()
    expect(banner).to_contain_text("Sent.")
    page.goto(newest_link(product, "vera@example.com", besides=first))
    page.get_by_role("button", name="Confirm my email").click()
    expect(page.get_by_role("heading", name="Your email is confirmed")).to_be_visible()
    expect(page.get_by_role("heading", name="Confirm your email")).to_be_hidden()
    page.get_by_role("link", name="See the tools").click()
    expect_balance(page, 100)
    expect(banner).to_be_hidden()
    page.goto(first)
    page.get_by_role("button", name="Confirm my email").click()
    expect(page.get_by_role("link", name="Sign in to get a new one")).to_be_visible()


def test_a_mail_that_did_not_go_while_offline_is_not_said_to_be_sent(
    page: Page, context: BrowserContext, product: Product
) -> None:
    email = sign_up(context)
    page.goto(TOOL)
    banner = page.get_by_role("complementary", name="Your email is not confirmed")
    again = banner.get_by_role("button", name="Send again")
    expect(again).to_be_visible()
    first = newest_link(product, email)
    context.set_offline(True)
    again.click()
    expect(banner.get_by_role("alert")).to_contain_text("Nothing was sent: we could not be reached.")
    expect(banner).not_to_contain_text("Sent.")
    context.set_offline(False)
    again.click()
    expect(banner).to_contain_text("Sent. Look at your inbox.")
    expect(banner).not_to_contain_text("Nothing was sent")
    assert newest_link(product, email, besides=first)


def test_where_emails_must_be_proved_signing_up_leads_to_the_inbox(page: Page, product: Product, strict: Web) -> None:
    page.goto(f"{strict.url}/register")
    page.get_by_label("Name").fill("Strict")
    page.get_by_label("Email").fill("strict@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Check your inbox")).to_be_visible()
    page.goto(f"{strict.url}/login")
    page.get_by_role("button", name="Use a password instead").click()
    page.get_by_label("Email").fill("strict@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect_balance(page, 0)
    expect(page.get_by_text("Confirm your email to run tools and get your 100 free credits")).to_be_visible()
    page.goto(newest_link(product, "strict@example.com"))
    page.get_by_role("button", name="Confirm my email").click()
    page.get_by_role("link", name="See the tools").click()
    expect_balance(page, 100)


def test_a_forgotten_password_is_replaced_and_ends_every_other_session(
    page: Page, context: BrowserContext, elsewhere: Page, product: Product
) -> None:
    email = sign_up(context)
    page.goto("/tools")
    expect_balance(page, 100)
    elsewhere.goto("/login")
    elsewhere.get_by_role("button", name="Use a password instead").click()
    elsewhere.get_by_role("link", name="Forgot password?").click()
    expect(elsewhere.get_by_role("heading", name="Forgot your password?")).to_be_visible()
    request_link(elsewhere, email)
    old, link = newest_link(product, email), ""
    link = old if "reset-password" in old else newest_link(product, email, besides=old)
    elsewhere.goto(link)
    elsewhere.get_by_label("New password").fill("another horse entirely")
    elsewhere.get_by_role("button", name="Save and sign in").click()
    expect_balance(elsewhere, 100)
    page.reload()
    expect_signed_out(page)
    page.goto(link)
    page.get_by_label("New password").fill("a third horse altogether")
    page.get_by_role("button", name="Save and sign in").click()
    page.get_by_role("link", name="Get a new link").click()
    expect(page.get_by_role("heading", name="Forgot your password?")).to_be_visible()


def test_nobody_is_led_off_the_site(page: Page, context: BrowserContext, product: Product) -> None:
    email = sign_up(context)
    for wanted in ("//evil.example", "/%5Cevil.example", "https://evil.example/", "%2F%2Fevil.example"):
        page.goto(f"/login?next={wanted}")
        page.wait_for_url(f"{product.url}/tools")
        context.clear_cookies()
        page.goto(f"/login?next={wanted}")
        page.get_by_role("button", name="Use a password instead").click()
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url(f"{product.url}/tools")
        expect_balance(page, 100)


def test_the_header_and_the_pages_know_the_way_back(page: Page, context: BrowserContext) -> None:
    email = sign_up(context)
    context.clear_cookies()
    page.goto(TOOL)
    page.get_by_role("banner").get_by_role("link", name="Sign in").click()
    page.get_by_label("Email").fill(email)
    page.get_by_role("link", name="Create an account").click()
    page.get_by_role("main").get_by_role("link", name="Sign in").click()
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    page.get_by_label("Email").fill(email)
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Use a password instead").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Email")).to_have_value(email)
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{TOOL}")
    expect_balance(page, 100)


def test_what_went_wrong_at_a_provider_is_told_in_words(page: Page) -> None:
    page.goto("/login?error=oauth_cancelled")
    expect(page.get_by_text("You cancelled signing in. Nothing was changed.")).to_be_visible()
    page.goto("/login?error=nonsense")
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    expect(page.get_by_role("alert").filter(visible=True)).to_have_count(0)
