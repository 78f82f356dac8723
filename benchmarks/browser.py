"""A headless Chromium as the journeys of the tests use it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.browser.profiles import CHROMIUM_ARGS


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Debian's Chromium, or whichever is on the PATH, for the block."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        try:
            yield browser
        finally:
            browser.close()
