"""The product as real processes on servers of its own, and the runs of one person in it, each with one truth."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
from sqlmodel import func, select

from funmagic.core.db import reading
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import PRIVATE_BUCKET
from funmagic.models.assets import Asset
from funmagic.models.base import db_time, new_id
from funmagic.models.credits import CreditTransaction
from funmagic.models.tasks import Task, TaskStatus
from funmagic.sessions.service import COOKIE_NAME
from funmagic.sessions.viewer import Viewer
from tests.clients import new_client
from tests.factories import balance_of, books_are_right, change_task, load_task, session_token, upload_photo, wait_until
from tests.faults.servers import Servers
from tests.faults.watching import EventSource
from tests.ports import answers, free_port
from tests.servers import PROJECT
from tests.waiting import PATIENCE_S
from worker.limits.limiter import slots_in_use

T = TypeVar("T")

WELCOME, PRICE = 100, 5
# Waits of the product that every test would sit through; how long they really are is for the tests that ask for it.
HURRIED = {
    "worker.clock.TICK_S": 0.1,
    "worker.clock.RENEW_S": 0.5,
    "worker.main.Worker.max_connection_wait_time": 0.3,
    "worker.providers.fal.adapter.Adapter.first_poll_s": 0.2,
    "funmagic.core.live.subscription.RECONNECT_S": 0.2,
    "funmagic.core.live.watch.RECONNECT_S": 0.2,
}


class Launcher:
    """The process that the product's processes are forked from; it and they die with this one."""

    def __init__(self, folder: Path) -> None:
        tether = [sys.executable, "-m", "funmagic.supervisor.tether", str(os.getpid())]
        self._process = subprocess.Popen(
            [*tether, sys.executable, "-m", "tests.faults.launcher"],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(PROJECT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, order: dict[str, Any]) -> int:
        """Start a process; returns its id."""
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def stop(self) -> None:
        """End, and with it every process that it started."""
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()


class Process:
    """One process of the product, which may be frozen at a point."""

    def __init__(self, pid: int, folder: Path) -> None:
        self._process = psutil.Process(pid)
        self._folder = folder
        self.address = ""

    def wait_until_frozen(self) -> None:
        """Return when it has come to its point."""
        reached = self._folder / "reached"
        wait_until(reached.exists, of=self)

    def thaw(self) -> None:
        """Let it go on from its point."""
        (self._folder / "go").touch()

    def wait_until_attempt_ends(self) -> None:
        """Return when a worker that was frozen has done what it could with its job."""
        wait_until((self._folder / "ended").exists, of=self)

    def kill(self) -> None:
        """Kill it without warning; harmless when it is gone."""
        try:
            self._process.kill()
            self._process.wait(PATIENCE_S)
        except psutil.NoSuchProcess:
            return

    @property
    def is_running(self) -> bool:
        """Whether it is there."""
        return self._process.is_running()

    def poll(self) -> str | None:
        """What it said, once it is gone."""
        return None if self.is_running else self.log

    @property
    def log(self) -> str:
        """What it said."""
        return (self._folder / "log").read_text()


class Product:
    """A product whose processes a test starts, freezes and kills one by one."""

    def __init__(self, servers: Servers, launcher: Launcher, folder: Path, viewer: Viewer) -> None:
        self.servers = servers
        self.viewer = viewer
        self.processes: list[Process] = []
        self.pace = dict(HURRIED)
        self.environment = {f"FUNMAGIC_{name.upper()}": value for name, value in servers.settings.items()}
        self._launcher = launcher
        self._folder = folder
        self._sources: list[EventSource] = []

    def start(self, *command: str, freeze: str = "") -> Process:
        """Start `worker`, `clock` or another command; it freezes once at the point, if there is one."""
        folder = self._folder / f"{len(self.processes)}-{command[0]}"
        folder.mkdir()
        order = {"command": command, "point": freeze, "folder": str(folder)}
        order |= {"environment": self.environment, "pace": self.pace}
        process = Process(self._launcher.start(order), folder)
        self.processes.append(process)
        return process

    def start_api(self, *, freeze: str = "", in_place_of: Process | None = None) -> Process:
        """Start a web process that serves the API, perhaps where a dead one did, and return when it answers."""
        address = in_place_of.address if in_place_of else f"http://127.0.0.1:{free_port()}"
        process = self.start("api", address.rpartition(":")[2], freeze=freeze)
        process.address = address
        wait_until(lambda: answers(f"{process.address}/healthz"), of=process)
        return process

    @contextmanager
    def visit(self, api: Process) -> Iterator[httpx.Client]:
        """A client of a web process, signed in."""
        with new_client(cookies=self.cookies, base_url=api.address, timeout=PATIENCE_S) as client:
            yield client

    @cached_property
    def cookies(self) -> dict[str, str]:
        """What makes a request the viewer's."""
        return {COOKIE_NAME: session_token(self.viewer)}

    def submit(self, api: Process) -> "Run":
        """Start a run over HTTP, and have somebody watch it from before its first event."""
        request = RunRequest(upload_photo(self.viewer))
        with self.visit(api) as client:
            answer = request.send(client)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        return self.watch(answer.json()["task"]["id"], api)

    def watch(self, task_id: str, api: Process) -> "Run":
        """The run of this id, which somebody begins to watch."""
        source = EventSource(api.address, self.cookies, task_id)
        self._sources.append(source)
        return Run(self, task_id, source)

    def runs(self) -> int:
        """How many runs there are."""
        with reading() as session:
            return session.exec(select(func.count()).select_from(Task)).one()

    def completed_runs(self) -> int:
        """How many runs have ended well."""
        with reading() as session:
            completed = select(func.count()).select_from(Task).where(Task.status == TaskStatus.COMPLETED)
            return session.exec(completed).one()

    def close(self) -> None:
        """Kill everything, and show what it said, for whoever reads why a test failed."""
        for source in self._sources:
            source.close()
        for process in self.processes:
            process.kill()
            print(f"--- {process.log}")


class RunRequest:
    """One wish to run Background Remove: sent again, it is the same wish."""

    def __init__(self, asset_id: str) -> None:
        self._headers = {"Idempotency-Key": new_id()}
        self._body = {"toolSlug": "background-remove", "input": {"assetId": asset_id}}

    def send(self, client: httpx.Client) -> httpx.Response:
        """Ask for it."""
        return client.post("/api/tasks", json=self._body, headers=self._headers)


@contextmanager
def in_background(action: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """Does something in a thread while the block runs; gives what waits for its result."""
    with ThreadPoolExecutor(1) as pool:
        yield partial(pool.submit(action).result, PATIENCE_S)


class Run:
    """A run that somebody watches."""

    def __init__(self, product: Product, task_id: str, source: EventSource) -> None:
        self.id = task_id
        self.source = source
        self._product = product

    @property
    def row(self) -> Task:
        """The task as it is now."""
        return load_task(self.id)

    def let_time_pass(self) -> None:
        """Have its lease run out, or its next look come due, right now; how long they take is for test_killed.py."""
        row = self.row
        times = {"leased_until": row.leased_until, "next_check_at": row.next_check_at}
        if changed := {name: db_time(-1) for name, time in times.items() if time is not None}:
            change_task(self.id, **changed)

    def wait_for_end(self) -> None:
        """Return when the run has ended, and everybody has been told."""
        wait_until(lambda: self.row.announced_at and self.source.was_told_to_stop)

    def assert_completed_once(self, *, jobs: tuple[int, ...] = (1,)) -> None:
        """It ended well: charged once, its file in the store, started at the provider so often."""
        self.wait_for_end()
        assert (self.row.status, self.row.error_code) == ("completed", None)
        assert self._ledger() == ["reservation", "usage"]
        # The cut-out, and its preview.
        assert len(self._files_with_rows()) == 2
        self._assert_nothing_is_left(jobs)

    def assert_failed_and_released(self, code: str, *, jobs: tuple[int, ...] = (1,)) -> None:
        """It ended badly, for this reason: released once, and nothing in the store."""
        self.wait_for_end()
        assert (self.row.status, self.row.error_code) == ("failed", code)
        assert self._ledger() == ["release", "reservation"]
        assert self._files_with_rows() == set()
        self._assert_nothing_is_left(jobs)

    def _assert_nothing_is_left(self, jobs: tuple[int, ...]) -> None:
        assert len(self._product.servers.fal.jobs) in jobs
        balance = balance_of(self._product.viewer)
        assert (balance.balance, balance.reserved) == (WELCOME - PRICE * self._product.completed_runs(), 0)
        assert books_are_right()
        wait_until(lambda: self._files_in_store() == self._files_with_rows())
        assert slots_in_use("web", "fal") == 0
        assert self.source.ends == [self.row.status]
        assert len(set(self.source.ids)) == len(self.source.ids)
        assert all(one <= other for one, other in itertools.pairwise(self._progress_heard()))

    def _progress_heard(self) -> list[float]:
        return [event["progress"] for event in self.source.events if event["type"] == "progress"]

    def _ledger(self) -> list[str]:
        with reading() as session:
            lines = session.exec(select(CreditTransaction.type).where(CreditTransaction.task_id == self.id))
            return sorted(lines)

    def _files_with_rows(self) -> set[str]:
        with reading() as session:
            assets = session.exec(select(Asset).where(Asset.task_id == self.id))
            return {key for asset in assets for key in asset.stored_keys}

    def _files_in_store(self) -> set[str]:
        prefix = f"outputs/{self._product.viewer.id}/{self.id}/"
        return set(get_storage().list_keys(PRIVATE_BUCKET, prefix))
