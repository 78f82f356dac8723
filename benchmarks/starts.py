"""Prints how long the product and its processes take to start, their bytecode kept, and what they hold idle."""

import time
from collections.abc import Callable

import httpx
import psutil
from rq import Worker

from benchmarks.machine import Figure, print_figures
from benchmarks.site import WORKER, Site, memory, running_site
from funmagic.core.redis import get_redis
from tests.factories import wait_until
from tests.ports import free_port

STARTS = 3
UP_BAR_S, PROCESS_BAR_S = 6, 3
WEB_BAR_MB, WORKER_BAR_MB = 190, 160
MB = 1e6
Start = Callable[[Site], tuple[psutil.Popen, float]]


def main() -> None:
    """Start each kind a few times; the first one compiles, and of the others the best counts."""
    with running_site() as site:
        figures = [
            Figure("`up` until the site answers", _best(site, _start_product)[0], "s", UP_BAR_S),
            *_measure(site, "web process until its first answer", _start_web, WEB_BAR_MB),
            *_measure(site, "worker until it waits for jobs", _start_worker, WORKER_BAR_MB),
        ]
    print_figures(figures)


def _measure(site: Site, what: str, start: Start, memory_bar: float) -> list[Figure]:
    seconds, cpu, held = _best(site, start)
    return [
        Figure(what, seconds, "s", PROCESS_BAR_S),
        Figure("… CPU time of it", cpu, "s"),
        Figure("… memory then", held / MB, "MB", memory_bar),
    ]


def _best(site: Site, start: Start) -> tuple[float, float, float]:
    """The least seconds, CPU time and memory of a few starts."""
    start_and_stop = [_observe(site, start) for _ in range(1 + STARTS)]
    seconds, cpu, held = zip(*start_and_stop[1:], strict=True)
    return min(seconds), min(cpu), min(held)


def _observe(site: Site, start: Start) -> tuple[float, float, float]:
    process, seconds = start(site)
    family = [process, *process.children(recursive=True)]
    times = [one.cpu_times() for one in family]
    cpu = sum(one.user + one.system for one in times)
    held = max(memory(one) for one in family)
    site.stop(process)
    return seconds, cpu, held


def _start_product(site: Site) -> tuple[psutil.Popen, float]:
    return _start_server(site, "up")


def _start_web(site: Site) -> tuple[psutil.Popen, float]:
    return _start_server(site, "web")


def _start_server(site: Site, command: str) -> tuple[psutil.Popen, float]:
    port = free_port()
    began = time.monotonic()
    process = site.start("funmagic", command, FUNMAGIC_PORT=str(port))
    wait_until(lambda: httpx.get(f"http://localhost:{port}/healthz").is_success, of=process)
    return process, time.monotonic() - began


def _start_worker(site: Site) -> tuple[psutil.Popen, float]:
    before = Worker.count(get_redis())
    began = time.monotonic()
    process = site.start(*WORKER)
    wait_until(lambda: Worker.count(get_redis()) > before, of=process)
    return process, time.monotonic() - began


if __name__ == "__main__":
    main()
