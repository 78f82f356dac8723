"""Prints how right cut-outs are and what they take, alone and in a browser until the result: `-m benchmarks.cutout`."""

import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from benchmarks.cutout_quality import print_quality
from benchmarks.machine import MODELS, Figure, print_figures
from funmagic.core.weights import fetch_models
from tests.browser.chromium import running_chromium
from tests.browser.product import Product
from tests.browser.steps import TOOL, a_photo, choose_photo, run_button, sign_up
from worker.local.cutout.pipeline import cut_out

SAMPLE = Path("assets/samples/astronaut.jpg")
SIZES = [(512, 512), (2048, 2048), (6325, 6325)]
BROWSER_SIZE = (2048, 2048)
RUNS = 3
# The first run of each worker loads the models.
BROWSER_RUNS = 6
TIMEOUT_MS = 60_000
# The result is there when its image is: decoded, and as large as the photo.
SHOWS_RESULT = """width => [...document.querySelectorAll("main img")].some(
  image => image.complete && image.naturalWidth === width && image.src.includes("outputs/"))"""


def main() -> None:
    """Judge the test photos; measure every size in a fresh process, first and best warm run; then runs in a browser."""
    model_path = next(path for path in fetch_models(MODELS) if path.stem == "u2netp")
    print_quality(model_path)
    figures = []
    for width, height in SIZES:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            first, warm, peak = pool.apply(measure, ((width, height), model_path))
        what = f"{width} x {height} cut-out alone"
        figures += [Figure(f"{what}: first", first, "s"), Figure(f"{what}: warm", warm, "s")]
        figures.append(Figure(f"{what}: peak memory", peak, "MB"))
    seconds = measure_in_browser()
    what = "{} x {} from click to result".format(*BROWSER_SIZE)
    warm_alone = figures[3 * SIZES.index(BROWSER_SIZE) + 1].value
    figures += [Figure(f"{what}: first", seconds[0], "s"), Figure(f"{what}: best", min(seconds), "s", floor=warm_alone)]
    print_figures(figures)
    print("The floor is the cut-out alone.")


def measure(size: tuple[int, int], model_path: Path) -> tuple[float, float, float]:
    """Return the first and the best warm seconds, and this process's peak resident memory in MB."""
    with Image.open(SAMPLE) as sample:
        photo = sample.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        cut_out(photo, model_path=model_path)
        seconds.append(time.perf_counter() - started)
    return seconds[0], min(seconds[1:]), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_in_browser() -> list[float]:
    """Seconds of each run, from pressing the button to the cut-out on the screen, by the product as `up` starts it."""
    with tempfile.TemporaryDirectory(prefix="funmagic-bench-") as folder, running_chromium() as browser:
        (Path(folder) / "models").symlink_to(MODELS.resolve())
        product = Product(Path(folder))
        product.start()
        try:
            return [run_once(browser, product) for _ in range(BROWSER_RUNS)]
        finally:
            product.stop()


def run_once(browser: Browser, product: Product) -> float:
    """One run by a new person, with a photo of four megapixels."""
    context = browser.new_context(base_url=product.url)
    context.set_default_timeout(TIMEOUT_MS)
    sign_up(context)
    page = context.new_page()
    page.goto(TOOL)
    choose_photo(page, a_photo(encoded_photo(), name="astronaut.jpg"))
    run_button(page).click(trial=True)  # waits until it can be pressed
    began = time.perf_counter()
    run_button(page).click()
    page.wait_for_function(SHOWS_RESULT, arg=BROWSER_SIZE[0])
    took = time.perf_counter() - began
    context.close()
    return took


def encoded_photo() -> bytes:
    """The sample at the size to measure, as a camera would save it."""
    with tempfile.TemporaryFile() as file, Image.open(SAMPLE) as sample:
        sample.convert("RGB").resize(BROWSER_SIZE, Image.Resampling.LANCZOS).save(file, "JPEG", quality=92)
        file.seek(0)
        return file.read()


if __name__ == "__main__":
    main()
