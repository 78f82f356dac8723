"""What people press while the line is cut waits, says so, and is done once when the line is back."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.product import Product
from tests.browser.profiles import fresh_profile
from tests.browser.proxy import Proxy
from tests.browser.steps import TOOL, choose_photo, expect_balance, expect_result, run_button, sign_up
from tests.browser.web import Web
from tests.ports import free_port

WAITING = "Waiting for connection"
IS_AWAY = "() => window.funmagicLine === false"


class Line:
    """The way to a web process of the product, which can be cut."""

    def __init__(self, web: Web, proxy: Proxy) -> None:
        self._web, self._proxy = web, proxy
        self.mend()

    def cut(self, page: Page) -> None:
        """From now on nobody answers; the page knows when this returns."""
        self._proxy.target = free_port()
        self._proxy.cut()
        page.wait_for_function(IS_AWAY)

    def mend(self) -> None:
        """New connections reach the process."""
        self._proxy.target = self._web.port


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    proxy = Proxy()
    yield proxy
    proxy.close()


@pytest.fixture(scope="module")
def web(product: Product, proxy: Proxy) -> Iterator[Web]:
    web = Web(product, {"FUNMAGIC_PUBLIC_URL": proxy.url})
    web.start()
    yield web
    web.stop()


@pytest.fixture
def line(web: Web, proxy: Proxy) -> Line:
    return Line(web, proxy)


@pytest.fixture
def tab(chromium: Browser, proxy: Proxy, line: Line) -> Iterator[Page]:
    with fresh_profile(chromium, proxy.url) as context:
        yield context.new_page()


def test_a_run_that_was_pressed_waits_and_is_started_once(tab: Page, line: Line, product: Product) -> None:
    email = sign_up(tab.context)
    tab.goto(TOOL)
    choose_photo(tab)
    expect(run_button(tab)).to_be_enabled()
    line.cut(tab)
    pressed = tab.locator(".price-button")
    pressed.click()
    expect(pressed).to_contain_text(WAITING)
    expect(pressed).to_have_attribute("aria-busy", "true")
    pressed.click()
    pressed.click()
    line.mend()
    expect_result(tab)
    expect_balance(tab, 95)
    runs = "SELECT t.id FROM tasks t JOIN users u ON u.id = t.user_id WHERE u.email = :email"
    assert len(product.query(runs, email=email)) == 1


def test_any_other_button_waits_too(tab: Page, line: Line, product: Product) -> None:
    sign_up(tab.context)
    tab.goto(TOOL)
    choose_photo(tab)
    with product.workers_paused():
        run_button(tab).click()
        cancel = tab.get_by_role("button", name="Cancel")
        expect(tab.get_by_text("In line")).to_be_visible()
        line.cut(tab)
        cancel.click()
        waiting = tab.get_by_role("button", name=WAITING)
        expect(waiting).to_have_attribute("aria-busy", "true")
        waiting.click()
        line.mend()
        expect(tab.get_by_text("Run cancelled. Nothing was charged.")).to_be_visible()
        expect(tab.get_by_text(WAITING)).to_have_count(0)


def test_a_run_that_waits_is_started_before_the_page_is_left(tab: Page, line: Line, product: Product) -> None:
    email = sign_up(tab.context)
    tab.goto(TOOL)
    choose_photo(tab)
    expect(run_button(tab)).to_be_enabled()
    line.cut(tab)
    tab.locator(".price-button").click()
    tab.get_by_role("link", name="Pricing", exact=True).first.click()
    expect(tab.get_by_text("The page you chose opens by itself.")).to_be_visible()
    expect(tab.locator(".price-button")).to_contain_text(WAITING)
    line.mend()
    tab.wait_for_url("**/pricing")
    expect_balance(tab, 95)
    runs = "SELECT t.id FROM tasks t JOIN users u ON u.id = t.user_id WHERE u.email = :email"
    assert len(product.query(runs, email=email)) == 1


def test_a_run_that_waits_and_cannot_start_says_so_before_the_page_is_left(
    tab: Page, line: Line, product: Product
) -> None:
    sign_up(tab.context)
    with product.tool_config(credits=500):
        tab.goto(TOOL)
        choose_photo(tab)
        expect(tab.get_by_role("button", name="Remove background (500 credits)")).to_be_enabled()
        line.cut(tab)
        tab.locator(".price-button").click()
        tab.get_by_role("link", name="Pricing", exact=True).first.click()
        line.mend()
        expect(tab.get_by_text("so 400 are missing")).to_be_visible()
        expect(tab.get_by_text("The page you chose opens by itself.")).to_be_hidden()
        assert tab.url.endswith(TOOL)


@pytest.mark.parametrize("link", ["Pricing", "API"])
def test_a_link_waits_in_our_words_and_goes_on_by_itself(tab: Page, line: Line, link: str) -> None:
    tab.goto("/tools")
    expect(tab.locator(".skeleton")).to_have_count(0)
    line.cut(tab)
    tab.get_by_role("link", name=link, exact=True).first.click()
    expect(tab.get_by_text("The page you chose opens by itself.")).to_be_visible()
    expect(tab.get_by_role("heading", name="Tools", level=1)).to_be_visible()
    line.mend()
    tab.wait_for_url("**/pricing" if link == "Pricing" else "**/api/docs")


def test_every_page_s_scripts_are_there_before_the_line_is_cut(tab: Page, line: Line) -> None:
    tab.goto("/tools")
    tab.wait_for_function("""() => {
        const loaded = performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname);
        const routes = Object.values(window.__reactRouterManifest.routes);
        return routes.every(({ module }) => loaded.includes(module));
    }""")
    line.cut(tab)
    tab.evaluate("history.pushState({}, '', '/pricing'); dispatchEvent(new PopStateEvent('popstate'))")
    expect(tab.get_by_role("heading", name="Credits, and what they cost")).to_be_visible()


def test_a_line_that_the_system_reports_gone_is_let_go_at_once(tab: Page, line: Line) -> None:
    tab.goto("/tools")
    expect(tab.locator(".skeleton")).to_have_count(0)
    tab.evaluate("""() => {
        window.lines = [];
        window.addEventListener("funmagic:line", ({ detail }) => window.lines.push(detail));
        window.dispatchEvent(new Event("offline"));
    }""")
    tab.wait_for_function("() => window.lines.includes(false) && window.funmagicLine")
