"""One product and one Chromium for all journeys of a test process; a fresh browser profile for each.

The journeys of a file run one after the other: they share the product, and some of them break it.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from funmagic.core.weights import fetch_models
from tests.browser.product import ONE_WORKER, Product

PROJECT = Path(__file__).parents[2]
# As root Chromium runs only without its sandbox; the rest keeps it from calling home.
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    # 3D, drawn by the processor.
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    # Which takes a card for broken that needs long, as a busy processor may.
    "--disable-gpu-watchdog",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A busy machine must not decide a test.
TIMEOUT_MS = 90_000
expect.set_options(timeout=TIMEOUT_MS)
DESKTOP = {"width": 1440, "height": 900}
REFUSED = "Content Security Policy"
PHONE = {"width": 390, "height": 844}
ON_A_PHONE = {"viewport": PHONE, "has_touch": True, "is_mobile": True}


# Not of session scope: Playwright's loop must be gone before an asynchronous test of another folder begins.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, or whichever is on the PATH."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The running product."""
    data_dir = tmp_path_factory.mktemp("product")
    fetch_models(PROJECT / ".data" / "models")
    (data_dir / "models").symlink_to(PROJECT / ".data" / "models")
    # Providers are met on loopback.
    product = Product(data_dir, {"FUNMAGIC_ALLOWED_PRIVATE_HOSTS": "127.0.0.1"} | ONE_WORKER)
    product.start()
    yield product
    # Whatever people did and was done to them: the books are right.
    assert "0 discrepancies" in product.command("audit-credits")
    product.stop()


@contextmanager
def fresh_profile(chromium: Browser, url: str, **options: Any) -> Iterator[BrowserContext]:
    """A profile for the block, on a desktop screen unless told otherwise.

    A defect in a script fails the test, and so does whatever a Content-Security-Policy of ours keeps from a page.
    """
    # Whatever moves without end keeps a processor busy that has no graphics hardware beside it.
    usual = {"viewport": DESKTOP, "reduced_motion": "reduce"}
    context = chromium.new_context(base_url=url, **(usual | options))
    context.set_default_timeout(TIMEOUT_MS)
    defects: list[str] = []
    context.on("weberror", lambda error: defects.append(str(error.error)))
    context.on("console", lambda message: defects.append(message.text) if REFUSED in message.text else None)
    try:
        yield context
    finally:
        context.close()
    assert not defects


@pytest.fixture
def context(chromium: Browser, product: Product) -> Iterator[BrowserContext]:
    """A fresh profile."""
    with fresh_profile(chromium, product.url) as context:
        yield context


@pytest.fixture
def elsewhere(chromium: Browser, product: Product) -> Iterator[Page]:
    """A tab of another browser."""
    with fresh_profile(chromium, product.url) as context:
        yield context.new_page()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A tab."""
    return context.new_page()
