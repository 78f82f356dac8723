"""The Chromium of the journeys and benchmarks, without a screen."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

# Debian's build without any user interface comes first: it needs a third less of the processor.
PROGRAMS = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]
# Of two such switches Chromium heeds the last: the rest of them are Playwright's own.
WITHOUT_FEATURES = [
    # With it a tab that is closed while its page goes elsewhere may never close (crbug.com/536385539).
    "RenderDocument",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
]
# As root Chromium runs only without its sandbox; the rest keeps it from calling home.
CHROMIUM_ARGS = [
    "--disable-features=" + ",".join(WITHOUT_FEATURES),
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


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """A Chromium for the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGS)
        try:
            yield browser
        finally:
            browser.close()


def find_chromium() -> str:
    """The path of the best that there is; `tests/provide.sh` sees to it that there is one."""
    return next(filter(None, map(shutil.which, PROGRAMS)))
