"""Prints how fast `GET /api/tools` answers of 60 tools, from the cache and without it: `-m benchmarks.catalogue`."""

import time

from sqlmodel import select

from benchmarks.load import Connection, write_request
from benchmarks.machine import Figure, percentile, print_figures
from benchmarks.site import running_site
from funmagic import paths
from funmagic.catalogue.cache import LISTS_KEY
from funmagic.core.db import transaction
from funmagic.core.redis import get_redis
from funmagic.models.tools import Tool

TOOLS = 60
REQUESTS = 2000
WARM_UP_REQUESTS = 200
PAUSE_S = 0.002
CATALOGUE = write_request("GET", f"{paths.API}/tools", Accept_Language="en")
PROBE = write_request("GET", "/healthz")


def main() -> None:
    """Measure one client: the answer that is kept, the one that must be made, and a route that does nothing."""
    with running_site() as site:
        fill_catalogue()
        connection = Connection(site.start_web().port)
        measure(connection, CATALOGUE, WARM_UP_REQUESTS)
        floor = measure(connection, PROBE, REQUESTS)
        hits = measure(connection, CATALOGUE, REQUESTS)
        misses = measure(connection, CATALOGUE, REQUESTS, forget=True)
    print_figures(
        [
            Figure("kept answer, p50", percentile(hits, 50), "ms", floor=percentile(floor, 50)),
            Figure("kept answer, p95", percentile(hits, 95), "ms", 2, percentile(floor, 95)),
            Figure("answer made anew, p50", percentile(misses, 50), "ms", floor=percentile(floor, 50)),
            Figure("answer made anew, p95", percentile(misses, 95), "ms", 5, percentile(floor, 95)),
        ]
    )
    print("The floor is GET /healthz on the same connection.")


def fill_catalogue() -> None:
    """Add copies of a tool until there are enough."""
    with transaction() as session:
        tools = session.exec(select(Tool)).all()
        facts = tools[0].model_dump(exclude={"id", "created_at", "slug", "title"})
        copies = range(TOOLS - len(tools))
        session.add_all(Tool(slug=f"tool-{n}", title=f"{tools[0].title} {n}", **facts) for n in copies)


def measure(connection: Connection, request: bytes, count: int, *, forget: bool = False) -> list[float]:
    """Milliseconds of each answer; with `forget`, nothing is kept when the request comes."""
    milliseconds = []
    for _ in range(count):
        time.sleep(PAUSE_S)
        if forget:
            get_redis().delete(LISTS_KEY)
        began = time.perf_counter()
        status = connection.request_status(request)
        milliseconds.append((time.perf_counter() - began) * 1000)
        assert status == 200, status
    return milliseconds


if __name__ == "__main__":
    main()
