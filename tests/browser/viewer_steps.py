"""What people see of 3D viewers; journeys look through these."""

import io

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page, expect

# Reflections are computed once, which takes seconds where the processor draws.
READY_TIMEOUT_MS = 60_000
LEAST_SHARE = 0.02
LEAST_COLORS = 30
NO_WEBGL = """
const known = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind.startsWith("webgl") ? null : known.call(this, kind, ...rest);
};
"""


def do_without_webgl(page: Page) -> None:
    """From its next load on the tab has no WebGL: for journeys that look at no model, which costs seconds each time."""
    page.add_init_script(NO_WEBGL)


def wait_until_ready(page: Page) -> Locator:
    """The page's viewer, once its first frame is drawn."""
    viewer = page.locator(".viewer")
    expect(viewer).to_have_attribute("data-state", "ready", timeout=READY_TIMEOUT_MS)
    return viewer


def assert_not_blank(viewer: Locator, *, least_colors: int = LEAST_COLORS) -> None:
    """Something of so many colours is on the canvas; what lies over and under it does not count."""
    canvas = viewer.locator("canvas")
    expect(canvas).to_have_css("opacity", "1")
    drawn = pixels_of(viewer)
    canvas.evaluate("canvas => { canvas.style.visibility = 'hidden'; }")
    bare = pixels_of(viewer)
    canvas.evaluate("canvas => { canvas.style.visibility = ''; }")
    changed = np.abs(drawn.astype(int) - bare).max(axis=2) > 8
    assert changed.mean() > LEAST_SHARE, "nothing is drawn"
    assert len(np.unique(drawn[changed] // 8, axis=0)) >= least_colors, "too few colours are drawn"


def pixels_of(viewer: Locator) -> np.ndarray:
    """The viewer as it looks now, height by width by RGB."""
    return np.asarray(Image.open(io.BytesIO(viewer.screenshot(animations="disabled"))).convert("RGB"))
