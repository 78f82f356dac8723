"""Prints the seconds and peak memory of background removal at three sizes: `python -m benchmarks.cutout`."""

import multiprocessing
import resource
import time
from pathlib import Path

from PIL import Image

from funmagic.weights import fetch_models
from worker.cutout.pipeline import cut_out

SAMPLE = Path("assets/samples/astronaut.jpg")
MODELS = Path(".data/models")
SIZES = [(512, 512), (2048, 2048), (6325, 6325)]
RUNS = 3


def main() -> None:
    """Measure every size in a fresh process, first run (which loads the network) and best warm run."""
    model_path = next(path for path in fetch_models(MODELS) if path.stem == "u2netp")
    print(f"{'size':>14} {'first, s':>9} {'warm, s':>9} {'peak RSS, MB':>13}")
    for size in SIZES:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            first, warm, peak = pool.apply(measure, (size, model_path))
        print(f"{size[0]:>6} x {size[1]:<5} {first:>9.2f} {warm:>9.2f} {peak:>13.0f}")


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


if __name__ == "__main__":
    main()
