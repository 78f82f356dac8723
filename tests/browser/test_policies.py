"""Every page works under its Content-Security-Policy; whatever is refused fails the test by itself (conftest.py)."""

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect

from funmagic import paths
from funmagic.site.pages import PAGES
from tests.browser.product import Product
from tests.browser.profiles import REFUSED
from tests.browser.steps import TOOL, choose_photo, sign_in, sign_up
from tests.factories import wait_until

HEADERS = (
    *("content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy"),
    *("permissions-policy", "cross-origin-opener-policy", "cache-control"),
)
ADDRESSES = {*(known.route for known in PAGES), "/nowhere", "/tools/no-such-tool"}
OURS_ALONE = ["/api/docs", "/dev/mailbox", "/api/auth/magic-link/verify?token=old"]


@pytest.fixture
def answers(page: Page) -> list[Response]:
    """Whatever the product answers to this tab."""
    found: list[Response] = []
    page.on("response", lambda answer: found.append(answer))  # noqa: PLW0108 - Playwright wants a function of ours
    return found


def test_every_page_works_for_visitors_and_members(
    page: Page, context: BrowserContext, product: Product, answers: list[Response]
) -> None:
    for address in ADDRESSES:
        _open(page, address)
    sign_up(context)
    for address in ADDRESSES - {paths.LOGIN, paths.REGISTER}:  # which lead on at once
        _open(page, address)
    assert len(answers) > len(ADDRESSES)
    for answer in answers:
        if answer.url.startswith(product.url) and answer.status != 304:
            missing = [name for name in HEADERS if name not in answer.headers]
            assert missing == [], answer.url


def test_a_page_that_comes_back_unchanged_still_runs(page: Page) -> None:
    for _ in range(2):
        page.goto(TOOL)
        choose_photo(page)
        expect(page.get_by_text("disc.jpg")).to_be_visible()
    page.reload()
    expect(page.locator(".skeleton")).to_have_count(0)


def test_pages_that_the_server_makes_look_as_they_should(page: Page, product: Product) -> None:
    for address in OURS_ALONE:
        page.goto(address)
        expect(page.locator("body")).not_to_be_empty()
        assert page.evaluate("[...document.styleSheets].length") > 0
    page.goto("/api/docs")
    page.get_by_role("link", name="/api/auth/session", exact=True).click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.get_by_text('"user": null')).to_be_visible()


def test_the_queues_work_for_a_super_admin(page: Page, context: BrowserContext, product: Product) -> None:
    email = sign_up(context)
    product.query("UPDATE users SET role = 'super_admin' WHERE email = :email RETURNING id", email=email)
    sign_in(context, email)
    page.goto(paths.QUEUES)
    expect(page.get_by_role("heading", name="Queues").first).to_be_visible()


def test_nobody_can_put_a_page_of_ours_into_theirs(chromium: Browser, product: Product) -> None:
    context = chromium.new_context()
    page = context.new_page()
    theirs = f'<iframe src="{product.url}/tools"></iframe>'
    page.route("http://evil.example/", lambda route: route.fulfill(content_type="text/html", body=theirs))
    page.goto("http://evil.example/")
    wait_until(lambda: page.title() == "" and page.frames[1].url.startswith("chrome-error:"))
    context.close()


@pytest.mark.parametrize(
    "smuggled", ["<img src=x onerror='window.ran = true'>", "<a href='javascript:window.ran = true'>press</a>"]
)
def test_a_script_that_got_into_a_page_does_not_run(chromium: Browser, product: Product, smuggled: str) -> None:
    context = chromium.new_context(base_url=product.url)
    page = context.new_page()
    page.goto("/tools")
    expect(page.locator(".skeleton")).to_have_count(0)
    with page.expect_console_message(lambda message: REFUSED in message.text):
        page.evaluate("html => document.querySelector('main').insertAdjacentHTML('afterbegin', html)", smuggled)
        page.evaluate("document.querySelector('main > a')?.click()")
    assert page.evaluate("window.ran") is None
    context.close()


def _open(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_role("contentinfo")).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)
