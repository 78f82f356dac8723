"""A real server of the API on a port of its own, because a stream only streams over a real connection."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from funmagic.sessions.service import COOKIE_NAME
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.clients import new_client
from tests.ports import answers, free_port
from tests.servers import PROJECT
from tests.waiting import PATIENCE_S

SERVE = """
import sys
from granian.constants import Interfaces
from granian.server import Server
Server("funmagic.api.app:create_api", factory=True, port=int(sys.argv[1]), interface=Interfaces.ASGI).serve()
"""


@pytest.fixture(scope="module")
def serve(migrated: None, redis_server: None, data_dir: Path) -> Iterator[Callable[..., str]]:
    """Starts servers on this test process's own data, and returns their addresses."""
    servers: list[subprocess.Popen[bytes]] = []

    def start(**environment: str) -> str:
        address = f"http://127.0.0.1:{(port := free_port())}"
        tether = [sys.executable, "-m", "funmagic.supervisor.tether", str(os.getpid())]
        own = {"PYTHONPATH": str(PROJECT), "FUNMAGIC_PUBLIC_URL": address, **environment}
        command = [*tether, sys.executable, "-c", SERVE, str(port)]
        server = subprocess.Popen(command, env=os.environ | own, cwd=data_dir, stdout=subprocess.DEVNULL)
        servers.append(server)
        factories.wait_until(lambda: answers(f"{address}/healthz"), of=server)
        return address

    yield start
    for server in servers:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def server(serve: Callable[..., str]) -> str:
    """The address of a server with everything it needs."""
    return serve()


@pytest.fixture(scope="module")
def server_without_redis(serve: Callable[..., str]) -> str:
    """The address of a server whose Redis is away."""
    return serve(FUNMAGIC_REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")


@pytest.fixture
def visit() -> Callable[[str, Viewer], httpx.Client]:
    """Makes a client of a server, signed in as somebody."""

    def open_at(address: str, viewer: Viewer) -> httpx.Client:
        cookies = {COOKIE_NAME: factories.session_token(viewer)}
        return new_client(base_url=address, cookies=cookies, timeout=PATIENCE_S)

    return open_at
