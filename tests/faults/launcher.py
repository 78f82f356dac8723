"""Starts the product's processes for tests: each is forked from this one, which has loaded what they need.

It reads one order a line, in JSON, and answers with the new process's id. A process may be told to freeze at a point,
`before worker.runs.run.store_outputs` or `after` it: the first time it gets there it touches the file `reached` in its
folder, and goes on when there is a file `go`. Whether it then is killed, or finds a server gone, is up to the test.
Its pace is how long some of the product's waits are in it, by their names.
"""

import functools
import gc
import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from funmagic.api.app import create_api
from funmagic.api.operations.stopping import EndOpenConnections
from funmagic.cli import app
from funmagic.core.settings import get_settings
from funmagic.core.telemetry.logs import configure_logging
from funmagic.supervisor.tether import die_with_parent
from tests.emulators.server import serve_forever

# With what these import on use, which every process would else import anew.
LOADED = ("worker.main", "worker.clock", "worker.providers.fal.adapter", "psycopg", "anyio._backends._asyncio")
# A test that failed has killed its processes long before.
LONGEST_FREEZE_S = 600


def main() -> None:
    """Start what is ordered until the orders end."""
    for module in LOADED:
        importlib.import_module(module)
    assert get_settings.cache_info().currsize == 0, "what is forked must read settings of its own"
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.freeze()  # a collection in a process would copy all that it shares with this one
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become(json.loads(line))
        print(pid, flush=True)


def _become(order: dict[str, Any]) -> None:
    """Be the ordered process, and never return."""
    die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    folder = Path(order["folder"])
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(order["environment"])
    try:
        for path, seconds in order["pace"].items():
            owner, name = _find(path)
            assert hasattr(owner, name), path
            setattr(owner, name, seconds)
        if order["point"]:
            _freeze_at(order["point"], folder)
        _run(order["command"])
    except BaseException:  # noqa: BLE001 - the log tells the test
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(1)


def _run(command: list[str]) -> None:
    if command[0] == "api":
        configure_logging("web")
        serve_forever(EndOpenConnections(create_api()), int(command[1]))
    else:
        app(command)


def _freeze_at(point: str, folder: Path) -> None:
    moment, _, path = point.partition(" ")

    def freeze() -> None:
        reached, go = folder / "reached", folder / "go"
        if reached.exists():
            return
        reached.touch()
        began = time.monotonic()
        while not go.exists() and time.monotonic() - began < LONGEST_FREEZE_S:
            time.sleep(0.01)

    def record_end() -> None:
        if (folder / "reached").exists():
            (folder / "ended").touch()

    _wrap(path, before=freeze if moment == "before" else None, after=freeze if moment == "after" else None)
    _wrap("worker.jobs.run_task", finally_=record_end)


def _wrap(
    path: str,
    *,
    before: Callable[[], None] | None = None,
    after: Callable[[], None] | None = None,
    finally_: Callable[[], None] | None = None,
) -> None:
    owner, name = _find(path)
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            if before:
                before()
            result = original(*args, **kwargs)
            if after:
                after()
            return result
        finally:
            if finally_:
                finally_()

    setattr(owner, name, wrapped)


def _find(path: str) -> tuple[Any, str]:
    """The module or class that `path` names a function of, and the function's name."""
    *owners, name = path.split(".")
    for length in range(len(owners), 0, -1):
        try:
            owner: Any = importlib.import_module(".".join(owners[:length]))
        except ModuleNotFoundError:
            continue
        return functools.reduce(getattr, owners[length:], owner), name
    raise AssertionError(path)


if __name__ == "__main__":
    main()
