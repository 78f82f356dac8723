"""How light the pages are: compressed, there before their scripts are, and still while the rest arrives."""

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.product import Product
from tests.browser.profiles import DESKTOP, PHONE

PAGES = ["/", "/tools", "/pricing", "/tools/background-remove"]
# What browsers' makers call good is 0.1.
MOST_SHIFT = 0.05
WATCH_SHIFTS = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.mark.parametrize("path", PAGES)
def test_pages_and_their_scripts_travel_compressed(product: Product, path: str) -> None:
    page = httpx.get(product.url + path, headers={"Accept-Encoding": "gzip"})
    [script, *_] = [part.split('"')[0] for part in page.text.split('href="') if part.startswith("/assets/entry")]
    for encoding in ("br", "gzip"):
        for address in (path, script):
            with httpx.stream("GET", product.url + address, headers={"Accept-Encoding": encoding}) as answer:
                assert answer.headers["content-encoding"] == encoding


@pytest.mark.parametrize("path", ["/api/tools", "/api/auth/session"])
def test_what_may_hold_secrets_is_not_compressed(product: Product, path: str) -> None:
    assert "content-encoding" not in httpx.get(product.url + path, headers={"Accept-Encoding": "br, gzip"}).headers


def test_the_home_page_shows_its_picture_before_any_script_runs(chromium: Browser, product: Product) -> None:
    context = chromium.new_context(base_url=product.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".compare-after")).to_have_css("opacity", "1")
    context.close()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("path", PAGES)
def test_nothing_jumps_while_a_page_fills(page: Page, path: str, size: dict[str, int]) -> None:
    page.set_viewport_size(size)  # type: ignore[arg-type]
    page.add_init_script(WATCH_SHIFTS)
    page.goto(path)
    expect(page.get_by_role("link", name="Start free").first).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)
    assert page.evaluate("() => window.shift") < MOST_SHIFT
