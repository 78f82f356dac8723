"""One product and one Chromium for all journeys of a test process; a fresh browser profile for each.

The journeys of a file run one after the other: they share the product, and some of them break it.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from funmagic.core.weights import fetch_models
from tests.browser.chromium import running_chromium
from tests.browser.product import ONE_WORKER, Product
from tests.browser.profiles import PROJECT, TIMEOUT_MS, fresh_profile

expect.set_options(timeout=TIMEOUT_MS)
# What comes last one process does while the others wait.
LONGEST_FILES = ["figme", "web_restart", "profile", "access", "faults", "crystal", "providers", "viewers", "shop", "s3"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    places = {f"test_{name}": place for place, name in enumerate(LONGEST_FILES)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


# Not of session scope: Playwright's loop must be gone before an asynchronous test of another folder begins.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The one of this test process."""
    with running_chromium() as browser:
        yield browser


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
