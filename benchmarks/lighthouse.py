"""Prints Lighthouse's verdict on the public pages of the running product: `python -m benchmarks.lighthouse`.

Lighthouse is no part of the product: npm fetches this one version of it into a folder that is gone afterwards.
"""

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.machine import MODELS, machine_size, own_data_dir
from funmagic import paths
from funmagic.core.weights import fetch_models
from tests.browser.chromium import CHROMIUM_ARGS, find_chromium
from tests.browser.product import Product

LIGHTHOUSE = "lighthouse@13.5.0"
RUNS = 3
PAGES = (paths.HOME, paths.TOOLS, paths.tool("background-remove"))
FORM_FACTORS: dict[str, list[str]] = {"mobile": [], "desktop": ["--preset=desktop"]}
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
METRICS = {
    "first-contentful-paint": "FCP, ms",
    "largest-contentful-paint": "LCP, ms",
    "total-blocking-time": "TBT, ms",
    "cumulative-layout-shift": "CLS",
    "total-byte-weight": "bytes",
}

Report = dict[str, Any]


def main() -> None:
    """Measure every page as a phone and as a desktop sees it; a line has the medians of its runs."""
    print(machine_size())
    print(f"{LIGHTHOUSE}, median of {RUNS}")
    print(f"{'page':<26}{'as':<9}" + "".join(f"{name:>15}" for name in (*CATEGORIES, *METRICS.values())))
    fetch_models(MODELS)
    with tempfile.TemporaryDirectory() as folder, own_data_dir() as data_dir:
        lighthouse = _install(Path(folder))
        product = Product(data_dir)
        product.start()
        try:
            for page, (form_factor, flags) in itertools.product(PAGES, FORM_FACTORS.items()):
                reports = [_measure(lighthouse, product.url + page, flags) for _ in range(RUNS)]
                print(f"{page:<26}{form_factor:<9}" + "".join(f"{figure:>15}" for figure in _figures(reports)))
        finally:
            product.stop()


def _install(folder: Path) -> Path:
    npm = Path(sys.executable).with_name("npm")
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--prefix", str(folder)]
    subprocess.run([npm, "install", *options, LIGHTHOUSE], check=True, stdout=subprocess.DEVNULL)
    return folder / "node_modules" / "lighthouse" / "cli" / "index.js"


def _measure(lighthouse: Path, url: str, flags: list[str]) -> Report:
    command = [str(Path(sys.executable).with_name("node")), str(lighthouse), url, *flags]
    options = [
        "--quiet",
        "--output=json",
        "--no-enable-error-reporting",
        f"--only-categories={','.join(CATEGORIES)}",
        f"--chrome-flags={' '.join(['--headless=new', *CHROMIUM_ARGS])}",
    ]
    environment = os.environ | {"CHROME_PATH": find_chromium()}
    answer = subprocess.run([*command, *options], env=environment, check=True, stdout=subprocess.PIPE)
    report: Report = json.loads(answer.stdout)
    return report


def _figures(reports: list[Report]) -> list[str]:
    scores = [statistics.median(report["categories"][name]["score"] for report in reports) for name in CATEGORIES]
    values = {name: statistics.median(report["audits"][name]["numericValue"] for report in reports) for name in METRICS}
    shift = "cumulative-layout-shift"
    return [
        *(f"{score:.0%}".rstrip("%") for score in scores),
        *(f"{value:.3f}" if name == shift else f"{value:,.0f}" for name, value in values.items()),
    ]


if __name__ == "__main__":
    main()
