"""Browsers that keep nothing, never answer, or let no websocket through: pages work, or say in words why not."""

import pytest
from playwright.sync_api import BrowserContext, Page, WebSocketRoute, expect

from funmagic.site.pages import PAGES
from tests.browser.steps import TOOL, choose_photo, expect_result, press_run, sign_up

DENIED = "throw new DOMException('Access is denied for this document.', 'SecurityError')"
NOTHING_KEPT = f"""
for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"])
    Object.defineProperty(window, name, {{ get() {{ {DENIED} }} }});
"""
NO_COOKIES = f"""
Object.defineProperty(document, "cookie", {{ get() {{ {DENIED} }}, set() {{ {DENIED} }} }});
"""
FULL = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') };"
SILENT = "IDBFactory.prototype.open = () => new EventTarget();"
CANNOT = "This page cannot connect"
SOME_PAGES = ["/", TOOL, "/login"]
ALL_PAGES = [*(page.route for page in PAGES), "/nowhere", "/dev/mailbox", "/api/auth/magic-link/verify?token=old"]


@pytest.mark.parametrize(
    ("faults", "addresses"),
    [
        (NOTHING_KEPT, SOME_PAGES),
        (NO_COOKIES, SOME_PAGES),
        (NOTHING_KEPT + NO_COOKIES, ALL_PAGES),
        (FULL, ALL_PAGES),
    ],
    ids=["storage", "cookies", "both", "full"],
)
def test_every_page_works_where_nothing_is_kept(page: Page, faults: str, addresses: list[str]) -> None:
    page.add_init_script(faults)
    for address in addresses:
        page.goto(address)
        expect(page.locator("body")).not_to_contain_text("Application Error")
        expect(page.get_by_role("heading").first).to_be_visible()
        expect(page.locator(".skeleton")).to_have_count(0)
    page.goto("/")
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(page.locator("html")).to_have_class("dark")


@pytest.mark.parametrize("faults", [NOTHING_KEPT, SILENT], ids=["storage", "silent"])
def test_a_run_goes_through_where_photos_cannot_be_kept(page: Page, faults: str) -> None:
    page.add_init_script(faults)
    sign_up(page.context)
    page.goto(TOOL)
    choose_photo(page)
    press_run(page)
    expect_result(page)


def test_a_database_of_the_browser_that_is_slow_gives_the_photo_back_later(page: Page) -> None:
    page.goto(TOOL)
    choose_photo(page)
    expect(page.get_by_text("disc.jpg")).to_be_visible()
    page.add_init_script("""
        const open = IDBFactory.prototype.open;
        IDBFactory.prototype.open = function (...words) {
            const late = { set onsuccess(callback) { this.done = callback } };
            const real = open.apply(this, words);
            real.onsuccess = () => setTimeout(() => { late.result = real.result; late.done(); }, 1500);
            return late;
        };
    """)
    page.reload()
    expect(page.get_by_text("disc.jpg")).to_be_visible()


def test_a_browser_without_websockets_says_so_in_words_and_leads_on(page: Page) -> None:
    page.add_init_script("window.WebSocket = undefined")
    page.goto("/tools")
    expect(page.get_by_role("alert").filter(has_text=CANNOT)).to_be_visible(timeout=15_000)
    page.get_by_role("banner").get_by_role("link", name="Pricing").click()
    expect(page.get_by_role("heading", name="Credits, and what they cost")).to_be_visible()


THROWS = f"""
window.isBlocked = true;
window.WebSocket = class extends WebSocket {{
    constructor(...words) {{ if (window.isBlocked) {DENIED}; super(...words); }}
}};
"""


def test_pages_whose_websocket_is_blocked_say_so_in_words_and_go_on_once_they_connect(context: BrowserContext) -> None:
    is_blocked = True
    # Side by side, as each takes its time: one that throws, one that is closed at once, one that hears nothing.
    throws, closes, silent = (context.new_page() for _ in range(3))

    def close(socket: WebSocketRoute) -> None:
        socket.close() if is_blocked else socket.connect_to_server()

    def stay_silent(socket: WebSocketRoute) -> None:
        if not is_blocked:
            socket.connect_to_server()

    throws.add_init_script(THROWS)
    closes.route_web_socket("**/_event/**", close)
    silent.route_web_socket("**/_event/**", stay_silent)
    tabs = (throws, closes, silent)
    for page in tabs:
        page.goto("/tools")
    for page in tabs:
        expect(page.get_by_role("alert").filter(has_text=CANNOT)).to_be_visible(timeout=15_000)
        expect(page.get_by_text("Connection lost")).to_be_hidden()
    is_blocked = False
    throws.evaluate("window.isBlocked = false")
    for page in tabs:
        expect(page.get_by_text(CANNOT)).to_be_hidden()
        expect(page.get_by_role("link", name="Start free").first).to_be_visible()
