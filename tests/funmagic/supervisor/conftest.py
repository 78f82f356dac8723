"""A supervisor in a process of its own, so that tests can send it signals, with tiny children in place of ours."""

import json
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from funmagic.supervisor.embedded_redis import find_server, server_command
from tests.funmagic.supervisor.children import Supervisor

KEEP = """
import asyncio, json, sys
from funmagic.supervisor.keeper import Child, Keeper

async def keep(groups):
    keeper = Keeper(first_delay=0.02)
    keeper.open()
    for group in groups:
        keeper.start(*(Child(**child) for child in group))
    print("all started", flush=True)
    await keeper.wait_for_end()
    await keeper.stop()
    return 1 if keeper.failed else 0

sys.exit(asyncio.run(keep(json.loads(sys.argv[1]))))
"""


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Callable[..., Supervisor]]:
    """Starts a supervisor over groups of children; whatever is left of it is killed after the test."""
    started: list[Supervisor] = []

    def start(*groups: list[dict[str, object]]) -> Supervisor:
        started.append(Supervisor([sys.executable, "-c", KEEP, json.dumps(groups)], tmp_path / "output"))
        return started[-1]

    yield start
    for supervisor in started:
        supervisor.process.send_signal(signal.SIGKILL)
        supervisor.process.wait()


@pytest.fixture
def redis_child(tmp_path: Path) -> dict[str, object]:
    """The embedded Redis as a child, its data and socket in a fresh directory."""
    command = server_command(find_server(), tmp_path / "redis", tmp_path / "redis.sock")
    return {"name": "redis", "command": command}


@pytest.fixture
def busy_port() -> Iterator[int]:
    """A loopback port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
