"""Browser profiles, and how Chromium is started for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext

PROJECT = Path(__file__).parents[2]
# A busy machine must not decide a test.
TIMEOUT_MS = 90_000
DESKTOP = {"width": 1440, "height": 900}
REFUSED = "Content Security Policy"
PHONE = {"width": 390, "height": 844}
ON_A_PHONE = {"viewport": PHONE, "has_touch": True, "is_mobile": True}


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
