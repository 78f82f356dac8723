"""What every benchmark needs: the size of this machine, percentiles, and a database or a Redis of its own."""

import os
import platform
import resource
import shutil
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from funmagic.core.db import get_engine, transaction
from funmagic.core.migrations import migrate
from funmagic.core.settings import get_settings
from funmagic.seed import seed_catalogue
from tests.limits import lift_limits
from tests.postgres import Cluster

MODELS = Path(".data/models")


@dataclass(frozen=True)
class Figure:
    """One measured number, the bar it should not miss, and the least that anything on this machine needs for it."""

    what: str
    value: float
    unit: str
    bar: float | None = None
    floor: float | None = None
    more_is_better: bool = False

    @property
    def line(self) -> str:
        """The number beside its bar and its floor."""
        bar = verdict = floor = ratio = ""
        if self.bar is not None:
            bar = f"{'≥' if self.more_is_better else '≤'} {self.bar:g}"
            verdict = "met" if self.value == self.bar or (self.value > self.bar) == self.more_is_better else "MISSED"
        if self.floor is not None:
            floor, ratio = f"{self.floor:.2f}", f"{self.value / self.floor:.2f}"
        return f"{self.what:<58} {self.value:>9.2f} {self.unit:<8} {bar:>8} {verdict:<7} {floor:>9} {ratio:>7}"


def print_figures(figures: Sequence[Figure]) -> None:
    """A table of figures, under the size of the machine."""
    print(machine_size())
    print(f"{'':<58} {'ours':>9} {'':<8} {'bar':>8} {'':<7} {'floor':>9} {'ratio':>7}")
    for figure in figures:
        print(figure.line)


def raise_file_limit() -> None:
    """Let this process and those it starts hold as many connections open as the machine allows at all, and say so."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        print(f"Open files: limit raised from {soft} to {hard}.")


def machine_size() -> str:
    """One line about where the figures below it were measured."""
    memory = psutil.virtual_memory().total / 2**30
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, {memory:.0f} GiB, Python {platform.python_version()}, {platform.machine()}"


def percentile(values: Sequence[float], per_cent: int) -> float:
    """The value that so many per cent of the values do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[per_cent - 1]


def use_database(url: str) -> None:
    """Let this process and those it starts use this database, and a data directory that is not the developer's."""
    os.environ["FUNMAGIC_DATABASE_URL"] = url
    get_settings.cache_clear()
    get_engine.cache_clear()


@contextmanager
def durable_postgresql() -> Iterator[str]:
    """A migrated and seeded PostgreSQL that keeps every commit safe, in use by this process; yields its URL."""
    cluster = Cluster(durable=True)
    cluster.start()
    try:
        use_database(cluster.url)
        migrate()
        with transaction() as session:
            seed_catalogue(session)
            lift_limits(session)
        yield cluster.url
    finally:
        get_engine().dispose()
        cluster.remove()


@contextmanager
def own_data_dir() -> Iterator[Path]:
    """A data directory for one benchmark, with the model weights of this checkout."""
    folder = Path(tempfile.mkdtemp(prefix="funmagic-bench-"))
    (folder / "models").symlink_to(MODELS.resolve())
    os.environ["FUNMAGIC_DATA_DIR"] = str(folder)
    get_settings.cache_clear()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
