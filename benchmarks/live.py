"""Prints how long an event takes from `publish` to clients of the SSE stream, one and 2,000: `-m benchmarks.live`."""

import asyncio
import multiprocessing
import re
import socket
import time
from dataclasses import dataclass, field

from benchmarks.load import write_request
from benchmarks.machine import Figure, percentile, print_figures, raise_file_limit
from benchmarks.people import Person, make_people, make_running_tasks
from benchmarks.publisher import milliseconds_since, moment_now, start_publishing
from benchmarks.site import Site, Web, running_site
from funmagic import paths
from funmagic.core.redis import get_redis

ONE_STREAM_EVENTS_S = 40
ONE_STREAM_SECONDS = 10
STREAMS = 2000
SECONDS = 20
STRAGGLERS_S = 2
CONNECTING_AT_ONCE = 50
CONNECTING_TIMEOUT_S = 60
# What a process makes once, at its first streams, is not the price of a stream.
WARM_UP_STREAMS = 50
FLOOR_KEY = "benchmark:floor"
PROGRESS = re.compile(rb'"progress": ([\d.e-]+)')


def main() -> None:
    """Measure one stream and the floor beneath it, then many, each on a task of its own and ten on each."""
    raise_file_limit()
    with running_site(FUNMAGIC_STREAMS_PER_USER=str(2 * STREAMS)) as site:
        [owner] = make_people(1)
        floor = measure_floor()
        one = measure_one_stream(site, owner)
        figures = [
            Figure("publish → SSE client, p50", percentile(one, 50), "ms", floor=percentile(floor, 50)),
            Figure("publish → SSE client, p95", percentile(one, 95), "ms", 5, percentile(floor, 95)),
            *measure_many(site, owner, tasks=STREAMS),
            *measure_many(site, owner, tasks=STREAMS // 10),
        ]
    print_figures(figures)


def measure_floor() -> list[float]:
    """Milliseconds from XADD in one process to XREAD's answer in another."""
    sender = multiprocessing.get_context("spawn").Process(target=_append_steadily, daemon=True)
    sender.start()
    last, delays = b"0-0", []
    for _ in range(ONE_STREAM_EVENTS_S * ONE_STREAM_SECONDS):
        [[_key, [(last, fields)]]] = get_redis().xread({FLOOR_KEY: last}, count=1, block=4000)
        delays.append(milliseconds_since(float(fields[b"moment"])))
    sender.join()
    return delays


def _append_steadily() -> None:
    for _ in range(ONE_STREAM_EVENTS_S * ONE_STREAM_SECONDS):
        time.sleep(1 / ONE_STREAM_EVENTS_S)
        get_redis().xadd(FLOOR_KEY, {"moment": moment_now()})


def measure_one_stream(site: Site, owner: Person) -> list[float]:
    """Milliseconds from `publish` in one process to the event at the only client of the stream."""
    web = site.start_web()
    [task_id] = make_running_tasks([owner])
    delays: list[float] = []
    with socket.create_connection(("localhost", web.port), timeout=30) as connection:
        connection.sendall(stream_request(task_id, owner))
        start_publishing([task_id], seconds=ONE_STREAM_SECONDS, per_second=ONE_STREAM_EVENTS_S, processes=1)
        while len(delays) < ONE_STREAM_EVENTS_S * ONE_STREAM_SECONDS:
            received = connection.recv(65536)
            assert received, "the stream ended"
            delays += [milliseconds_since(float(moment)) for moment in PROGRESS.findall(received)]
    site.stop(web.process)
    return delays


def measure_many(site: Site, owner: Person, *, tasks: int) -> list[Figure]:
    """The delays of many streams at an event a second each, and what a stream costs a fresh web process."""
    web = site.start_web()
    task_ids = make_running_tasks([owner] * tasks)
    crowd = Crowd(web, owner)
    asyncio.run(crowd.follow(task_ids * (STREAMS // tasks)))
    site.stop(web.process)
    where = f"{STREAMS} streams on {tasks} tasks"
    return [
        Figure(f"{where}: p50", percentile(crowd.delays, 50), "ms"),
        Figure(f"{where}: p95", percentile(crowd.delays, 95), "ms", 25),
        Figure(f"{where}: memory of each", crowd.memory / 1000, "kB", 40),
        Figure(f"{where}: refused", crowd.refused, "", 0),
        Figure(f"{where}: events lost", STREAMS * SECONDS - len(crowd.delays), "", 0),
        Figure(f"{where}: CPU of the web process", crowd.cpu * 100, "%"),
        Figure(f"{where}: CPU of the clients", crowd.own_cpu * 100, "%"),
    ]


@dataclass
class Crowd:
    """Everybody who follows the streams of one web process, and what they and it went through."""

    web: Web
    owner: Person
    delays: list[float] = field(default_factory=list)
    memory: float = 0
    refused: int = 0
    cpu: float = 0
    own_cpu: float = 0

    async def follow(self, task_ids: list[str]) -> None:
        """Open a stream for each entry, and publish to all of their tasks for a while."""
        slots = asyncio.Semaphore(CONNECTING_AT_ONCE)
        first = await asyncio.gather(*(self._connect(task_id, slots) for task_id in task_ids[:WARM_UP_STREAMS]))
        before = self.web.memory()
        later = await asyncio.gather(*(self._connect(task_id, slots) for task_id in task_ids[WARM_UP_STREAMS:]))
        cpu, own_cpu, began = self.web.cpu_seconds(), time.process_time(), time.monotonic()
        for publisher in start_publishing(list(dict.fromkeys(task_ids)), seconds=SECONDS):
            await asyncio.to_thread(publisher.join)
        took = time.monotonic() - began
        self.cpu, self.own_cpu = (self.web.cpu_seconds() - cpu) / took, (time.process_time() - own_cpu) / took
        await asyncio.sleep(STRAGGLERS_S)
        self.memory = (self.web.memory() - before) / len(later)
        self.refused = sum(not stream.is_open for stream in first + later)
        for stream in first + later:
            stream.close()

    async def _connect(self, task_id: str, slots: asyncio.Semaphore) -> "Stream":
        async with slots:
            stream = Stream(stream_request(task_id, self.owner), self.delays)
            await asyncio.get_running_loop().create_connection(lambda: stream, "localhost", self.web.port)
            await asyncio.wait([stream.answered], timeout=CONNECTING_TIMEOUT_S)
            return stream


class Stream(asyncio.Protocol):
    """One client of the SSE stream, which notes the delay of every event as soon as it arrives."""

    def __init__(self, request: bytes, delays: list[float]) -> None:
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_open = False
        self._request = request
        self._delays = delays
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Note how long the events took that are complete now."""
        if not self.answered.done():
            self.is_open = data.startswith(b"HTTP/1.1 200")
            self.answered.set_result(None)
        whole, end, self._unread = (self._unread + data).rpartition(b"\n\n")
        self._delays += [milliseconds_since(float(moment)) for moment in PROGRESS.findall(whole + end)]

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol
        """The server ended the stream, which it should not."""
        self.is_open = False

    def close(self) -> None:
        """Leave."""
        self._transport.close()


def stream_request(task_id: str, owner: Person) -> bytes:
    """The request of a browser's EventSource."""
    path = f"{paths.API}/tasks/{task_id}/stream"
    return write_request("GET", path, Accept="text/event-stream", Cookie=owner.cookie)


if __name__ == "__main__":
    main()
