"""The whole product as a user runs it, in a data directory and on a port of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import zip_longest
from pathlib import Path
from typing import Any

import httpx
import psutil
import redis
import sqlalchemy as sa
from sqlmodel import Session, select

from funmagic.core.db import make_engine
from funmagic.core.settings import Settings
from funmagic.models.rate_limits import RateLimitSettings
from funmagic.models.tools import Tool
from funmagic.rate_limits.service import KEY
from tests.clients import new_client
from tests.factories import wait_until
from tests.limits import lift_limits
from tests.ports import free_port
from tests.waiting import PATIENCE_S

# The first start builds the front end.
START_TIMEOUT_S = 600
# Enough where no test is about several: each takes seconds to start.
ONE_WORKER = {"FUNMAGIC_WORKERS": "1"}
# Starting Python takes longer than what most commands do.
SEVERAL_COMMANDS = """
import io, json, sys
from funmagic.cli import app
for words, given in json.load(sys.stdin):
    sys.stdin = io.StringIO(given)
    if app(words, standalone_mode=False):
        sys.exit(f"{words} failed")
"""
# One for all looks, of which there are fifty a second: a new one reads the certificates of all authorities first.
client = new_client(limits=httpx.Limits(max_keepalive_connections=0))


def answers_well(url: str) -> bool:
    """Whether somebody answers there, and with a success."""
    return client.get(url).is_success


class Product:
    """`python -m funmagic up` as a real process, and the faults that tests put it through."""

    def __init__(self, data_dir: Path, environment: dict[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        own = {
            "FUNMAGIC_DATA_DIR": str(data_dir),
            "FUNMAGIC_PORT": str(self.port),
            "FUNMAGIC_STREAM_WORKERS": "1",
        }
        self.environment = os.environ | own | (environment or {})
        self._log = data_dir / "up.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "funmagic", "up"],
                stdout=log,
                stderr=log,
                env=self.environment,
                start_new_session=True,
            )
        try:
            wait_until(self.is_ready, START_TIMEOUT_S, of=self._process)
        except AssertionError:
            raise AssertionError(self._log.read_text()) from None
        with Session(self._engine()) as session:
            lift_limits(session)
            session.commit()

    def command(self, *words: str, given: str = "") -> str:
        """What `python -m funmagic …` says with this product's settings, given this to read; it must succeed."""
        command = [sys.executable, "-m", "funmagic", *words]
        done = subprocess.run(command, env=self.environment, input=given, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def commands(self, *lines: tuple[str, ...], given: Sequence[str] = ()) -> None:
        """Have one process do several commands, each of which reads its part of `given`; all must succeed."""
        asked = json.dumps([[list(words), text] for words, text in zip_longest(lines, given, fillvalue="")])
        command = [sys.executable, "-c", SEVERAL_COMMANDS]
        done = subprocess.run(command, env=self.environment, input=asked, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def stop(self) -> None:
        """Stop it as Ctrl-C does; everything it started must be gone."""
        if self._process is None:
            return
        children = self._children()
        self._process.send_signal(signal.SIGINT)
        self._process.wait(PATIENCE_S)
        _, alive = psutil.wait_procs(children, timeout=PATIENCE_S)
        self._process = None
        assert not alive, alive

    def kill_workers(self) -> None:
        """Kill every worker without warning; the supervisor starts new ones."""
        for worker in self._workers():
            worker.kill()

    @contextmanager
    def redis_killed(self) -> Iterator[None]:
        """Kill the embedded Redis without warning; the supervisor, held still within the block, starts it again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            self._redis_server().kill()
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def flush_redis(self) -> None:
        """Have the embedded Redis forget everything."""
        redis.Redis.from_url(Settings(data_dir=self.data_dir).redis_address).flushall()

    @contextmanager
    def redis_hung(self) -> Iterator[None]:
        """Within the block the embedded Redis takes connections and answers nothing."""
        server = self._redis_server()
        server.suspend()
        try:
            yield
        finally:
            server.resume()

    @contextmanager
    def workers_paused(self) -> Iterator[None]:
        """Within the block no worker does anything."""
        workers = self._workers()
        for worker in workers:
            worker.suspend()
        try:
            yield
        finally:
            for worker in workers:
                with suppress(psutil.NoSuchProcess):  # the test may have killed it meanwhile
                    worker.resume()

    @contextmanager
    def tool_config(self, slug: str = "background-remove", step_id: str = "remove", **step: Any) -> Iterator[None]:
        """Within the block a step is configured otherwise; unless another is named, Background Remove's only one."""
        self._configure(slug, step_id, step)
        try:
            yield
        finally:
            self._configure(slug, step_id, {})

    @contextmanager
    def rate_limits(self, **limits: int) -> Iterator[None]:
        """Within the block these rate limits are as the code has them, or as given; the names are the API's."""
        self._limit(limits)
        try:
            yield
        finally:
            self._limit(None)

    def query(self, statement: str, **values: Any) -> list[Any]:
        """Rows of the product's database."""
        with self._engine().begin() as connection:
            return list(connection.execute(sa.text(statement), values))

    def _configure(self, slug: str, step_id: str, step: dict[str, Any]) -> None:
        with Session(self._engine()) as session:
            tool = session.exec(select(Tool).where(Tool.slug == slug)).one()
            tool.config = {**tool.config, "steps": {step_id: step}}
            session.commit()

    def _limit(self, limits: dict[str, int] | None) -> None:
        with Session(self._engine()) as session:
            lift_limits(session)
            if limits is not None:
                session.exec(select(RateLimitSettings)).one().limits = limits
            session.commit()
        connection = redis.Redis.from_url(Settings(data_dir=self.data_dir).redis_address)
        connection.delete(KEY, *connection.scan_iter("rl:*"))

    def _engine(self) -> sa.Engine:
        embedded = f"sqlite:///{self.data_dir / 'funmagic.db'}"
        return make_engine(self.environment.get("FUNMAGIC_DATABASE_URL", embedded))

    def find_processes(self, kind: str) -> list[psutil.Process]:
        """The running processes of a kind: worker, stream worker, clock or web."""
        wanted = {
            "worker": ["worker", "mail", "ai-tasks"],
            "stream worker": ["worker", "ai-streaming"],
            "clock": ["clock"],
            "web": ["web"],
        }[kind]
        found = []
        for child in self._children():
            with suppress(psutil.NoSuchProcess):
                words = child.cmdline()
                if words[1:3] == ["-m", "funmagic"] and words[3:] == wanted:
                    found.append(child)
        return found

    def _redis_server(self) -> psutil.Process:
        [server] = [child for child in self._children() if "redis-server" in child.name()]
        return server

    def _workers(self) -> list[psutil.Process]:
        workers = self.find_processes("worker")
        assert workers, self._children()
        return workers

    def _children(self) -> list[psutil.Process]:
        assert self._process is not None
        return psutil.Process(self._process.pid).children(recursive=True)

    def has_stopped(self) -> bool:
        """Whether it was stopped, or gave up by itself."""
        return self._process is None or self._process.poll() is not None

    def is_ready(self) -> bool:
        """Whether it answers, with a worker to do the work."""
        return answers_well(f"{self.url}/healthz") and self.find_processes("worker")
