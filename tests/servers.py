"""The project's folder, and the servers that tests of several rooms ask for."""

import os
import signal
import subprocess
from functools import cache
from pathlib import Path

import redis as redis_client
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from redis.backoff import NoBackoff
from redis.retry import Retry

from admin.routes import ROUTERS
from funmagic.api.app import create_api
from funmagic.supervisor import embedded_redis
from tests import factories, postgres
from tests.documented import DocumentedAnswersOnly

CLUSTER_URL = "TESTS_POSTGRESQL_URL"
PROJECT = Path(__file__).parent.parent


def new_database(folder: Path) -> str:
    """The URL of another empty database, of the kind that the tests run on; the folder is its own."""
    if CLUSTER_URL not in os.environ:
        return f"sqlite:///{folder / 'another.db'}"
    return postgres.create_database(os.environ[CLUSTER_URL], str(folder).replace("/", "-")[-60:])


class StoppableRedis:
    """A Redis of one test's own, which the test may stop and start."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self._command = embedded_redis.server_command(embedded_redis.find_server(), folder / "data", self.socket)
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, unless it runs."""
        if self._server is None:
            self._server = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        client = redis_client.Redis(unix_socket_path=str(self.socket), retry=Retry(NoBackoff(), 0))
        factories.wait_until(client.ping, of=self._server)
        client.close()

    def hang(self) -> None:
        """Take connections, and answer nobody."""
        self._server.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Answer again, and first what was asked meanwhile."""
        self._server.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Kill it; its files stay."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None


@cache
def shared_api() -> FastAPI:
    """The API, for all tests that do not change it: its first request costs more than most tests."""
    api = create_api(ROUTERS)
    api.add_middleware(DocumentedAnswersOnly, api=api)
    api.mount("", PlainTextResponse("a page of Reflex", 404))  # as in the product, where Reflex takes what is left
    return api
