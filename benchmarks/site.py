"""The product's processes for one benchmark, on ports and in a folder of their own; all gone when it ends."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from benchmarks.machine import durable_postgresql, own_data_dir
from funmagic.core.redis import get_redis
from funmagic.core.settings import get_settings
from funmagic.supervisor import embedded_redis, frontend
from funmagic.supervisor.bytecode import keep_bytecode
from tests.bytecode import FOLDER
from tests.factories import wait_until
from tests.ports import free_port

STOP_TIMEOUT_S = 15
WORKER = ("funmagic", "worker", "mail", "ai-tasks")


@dataclass(frozen=True)
class Web:
    """A web process that answers."""

    port: int
    process: psutil.Process

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://localhost:{self.port}"

    def memory(self) -> float:
        """Bytes of memory that the process under granian's holds, which does the serving."""
        return memory(self._server)

    def cpu_seconds(self) -> float:
        """Seconds of one core that it has used so far."""
        used = self._server.cpu_times()
        return used.user + used.system

    @property
    def _server(self) -> psutil.Process:
        return max(self.process.children(recursive=True), key=memory)


class Site:
    """Starts processes that end with this one, and stops them again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: list[psutil.Popen] = []

    def start(self, *module: str, **environment: str) -> psutil.Popen:
        """Run `python -m …` with its output in a log of the folder."""
        return self.start_program(sys.executable, "-m", *module, **environment)

    def start_program(self, *command: str, **environment: str) -> psutil.Popen:
        """Run a program with its output in a log of the folder."""
        tie = [sys.executable, "-m", "funmagic.supervisor.tether", str(os.getpid())]
        with (self._folder / f"{len(self._processes)}.log").open("wb") as log:
            process = psutil.Popen([*tie, *command], stdout=log, env=os.environ | environment)
        self._processes.append(process)
        return process

    def start_redis(self) -> None:
        """Start the Redis of all of them, and wait until it answers."""
        folder = self._folder
        command = embedded_redis.server_command(embedded_redis.find_server(), folder / "redis", folder / "redis.sock")
        self.redis = self.start_program(*command)
        wait_until(lambda: get_redis().ping(), of=self.redis)

    def start_web(self, **environment: str) -> Web:
        """Start a web process and wait until it answers."""
        port = free_port()
        web = Web(port, self.start("funmagic", "web", FUNMAGIC_PORT=str(port), **environment))
        wait_until(lambda: httpx.get(f"{web.url}/healthz").status_code == httpx.codes.OK, of=web.process)
        return web

    def stop(self, *processes: psutil.Popen) -> None:
        """Stop these, or all of them, the last one first."""
        for process in reversed(processes or self._processes):
            with suppress(psutil.NoSuchProcess):
                process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def running_site(**environment: str) -> Iterator[Site]:
    """A database and a Redis, in use by this process, and the means to start what works with them."""
    keep_bytecode(FOLDER)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that it cleans up after itself then, too
    with own_data_dir() as folder, durable_postgresql():
        # As in production, and whatever the developer's own configuration says.
        os.environ.update({"FUNMAGIC_LOG_FORMAT": "json", "FUNMAGIC_REDIS_URL": f"unix://{folder / 'redis.sock'}"})
        os.environ.update(environment)
        get_settings.cache_clear()
        get_redis.cache_clear()
        frontend.build_if_stale()
        site = Site(folder)
        try:
            site.start_redis()
            yield site
        finally:
            site.stop()


def memory(process: psutil.Process) -> float:
    """Bytes of memory that a process holds."""
    return float(process.memory_info().rss)
