"""What becomes of open connections when a web process is asked to stop; each test has processes of its own."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from funmagic.api.operations import stopping as stopping_module
from funmagic.core.redis import get_redis
from funmagic.sessions.viewer import Viewer
from funmagic.tasks.events import EventType, publish
from tests import factories
from tests.clients import new_client
from tests.funmagic.api.streams.visits import Visit, following
from tests.funmagic.core.telemetry.otlp import running_collector
from tests.ports import answers, free_port
from tests.servers import PROJECT
from tests.waiting import PATIENCE_S

# Granian's patience is ours here: whoever does not end by itself is killed before a test gives up, and noticed.
SERVE = """
from funmagic import web
web.STOP_SECONDS = 60
web.make_server("tests.funmagic.api.operations.stopping_app:load_app").serve()
"""


class Web:
    """A web process, and what it logged."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = data_dir / f"web-{self.port}.log"
        own = {
            "PYTHONPATH": str(PROJECT),
            "FUNMAGIC_PORT": str(self.port),
            "FUNMAGIC_PUBLIC_URL": self.url,
        } | environment
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SERVE], env=os.environ | own, cwd=data_dir, stdout=log, stderr=log
            )
        factories.wait_until(lambda: answers(f"{self.url}/healthz"), of=self.process)

    def stop(self) -> None:
        """Ask it to stop, and see it end by itself."""
        self.process.send_signal(signal.SIGTERM)
        self.ends_well()

    def counts(self, kind: str, number: int) -> bool:
        """Whether its metrics name so many open connections of a kind."""
        with new_client() as client:
            metrics = client.get(f"{self.url}/metrics").text
        return f'funmagic_open_connections{{kind="{kind}"}} {float(number)}\n' in metrics

    def ends_well(self) -> None:
        """It ends without an error, and by itself: whom the server kills has not said that it is done.

        That the server says it kills is no proof: now and then it says so of a process that has ended a moment ago.
        """
        assert self.process.wait(PATIENCE_S) == 0
        assert "Traceback" not in self.log()
        assert "stopped" in self.log()

    def log(self) -> str:
        return self._log.read_text()


@pytest.fixture
def start(migrated: None, redis_server: None, data_dir: Path) -> Iterator[Callable[..., Web]]:
    """Starts web processes on this test process's own data."""
    started: list[Web] = []

    def start_one(**environment: str) -> Web:
        started.append(Web(data_dir, **environment))
        return started[-1]

    yield start_one
    for web in started:
        if web.process.poll() is None:
            web.process.kill()
            web.process.wait()


@pytest.fixture
def run(alice: Viewer, redis: None) -> str:
    return factories.submit(alice).id


def test_a_stream_ends_at_once_and_goes_on_elsewhere_without_loss_or_repetition(
    start: Callable[[], Web], visit: Visit, alice: Viewer, run: str
) -> None:
    one, other = start(), start()
    for number in range(3):
        publish(run, EventType.PROGRESS, progress=number)
    with following(visit(one.url, alice), run) as events:
        seen = [next(events) for _ in range(3)]
        one.stop()
        seen += list(events)  # ends by itself, as an answer does that was sent whole
    publish(run, EventType.PROGRESS, progress=3)
    client = visit(other.url, alice)
    client.post(f"/api/tasks/{run}/cancel")
    with following(client, run, seen[-1].id) as events:
        rest = list(events)
    told = [event.data["progress"] for event in [*seen, *rest] if event.type == "progress"]
    assert told == [0, 1, 2, 3]
    assert rest[-1].type == "failed"


def test_a_request_in_flight_is_answered(start: Callable[[], Web], redis: None) -> None:
    web = start()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(httpx.get, f"{web.url}/slow", trust_env=False, timeout=PATIENCE_S)
        factories.wait_until(lambda: get_redis().lpop("slow:begun"))
        web.process.send_signal(signal.SIGTERM)
        factories.wait_until(lambda: "stopping" in web.log())
        get_redis().rpush("slow:go", "1")
        assert answer.result().json() == "answered"
    web.ends_well()


def test_a_stopping_process_takes_no_new_requests(start: Callable[[], Web], redis: None) -> None:
    web = start()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(httpx.get, f"{web.url}/slow", trust_env=False, timeout=PATIENCE_S)
        factories.wait_until(lambda: get_redis().lpop("slow:begun"))
        web.process.send_signal(signal.SIGTERM)
        factories.wait_until(lambda: is_refused(web.url))
        get_redis().rpush("slow:go", "1")
        assert answer.result().is_success


@pytest.fixture
def stopping() -> Iterator[Any]:
    """The part of this process that knows whether it was asked to stop, as new afterwards."""
    yield stopping_module
    stopping_module._get_stopping.cache_clear()


async def test_a_socket_whose_other_end_takes_nothing_does_not_hold_up_the_end(
    stopping: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "GOODBYE_S", 0.01)
    is_served = asyncio.Event()

    async def wait_for_ever(*_: Any) -> None:
        is_served.set()
        await asyncio.Event().wait()

    app = stopping.EndOpenConnections(wait_for_ever)
    serving = asyncio.create_task(app({"type": "websocket"}, wait_for_ever, wait_for_ever))
    await is_served.wait()
    stopping._begin_to_stop()
    async with asyncio.timeout(PATIENCE_S):
        await serving


async def test_a_socket_that_comes_too_late_is_sent_elsewhere(stopping: Any) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def serve(*_: Any) -> None:
        raise AssertionError("nobody would close it")

    stopping._begin_to_stop()
    await stopping.EndOpenConnections(serve)({"type": "websocket"}, serve, send)
    assert sent == [{"type": "websocket.close", "code": 1012}]


def test_a_socket_is_closed_as_by_a_restart(start: Callable[[], Web], redis: None) -> None:
    web = start()
    with connect(f"ws://127.0.0.1:{web.port}/socket") as socket:
        assert socket.recv() == "hello"
        assert web.counts("websocket", 1)
        web.stop()
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv()
    assert closed.value.rcvd.code == 1012


def test_many_open_streams_and_sockets_do_not_hold_up_the_end(
    start: Callable[[], Web], visit: Visit, alice: Viewer, run: str
) -> None:
    web = start()
    client = visit(web.url, alice)
    begun, ended = threading.Semaphore(0), []

    def follow() -> None:
        with following(client, run) as events:
            next(events)
            begun.release()
            ended.append(list(events))

    with ThreadPoolExecutor(50) as pool:
        followers = [pool.submit(follow) for _ in range(50)]
        for _ in followers:
            assert begun.acquire(timeout=PATIENCE_S)
        assert web.counts("sse", 50)
        web.stop()
        for follower in followers:
            follower.result()
    assert ended == [[]] * 50


def test_the_last_spans_are_sent_before_the_end(start: Callable[..., Web], redis: None) -> None:
    with running_collector() as collector:
        web = start(FUNMAGIC_OTLP_ENDPOINT=collector.url)
        httpx.get(f"{web.url}/api/tools", trust_env=False)
        web.stop()
    assert [(span["service"], span["name"]) for span in collector.spans] == [("funmagic-web", "GET /api/tools")]


def is_refused(url: str) -> bool:
    try:
        httpx.get(f"{url}/healthz", trust_env=False, timeout=PATIENCE_S)
    except httpx.TransportError:
        return True
    return False
