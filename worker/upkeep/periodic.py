"""Work that comes round again and again, in a thread of its own: it keeps nobody waiting, nor overtakes itself."""

import threading
import time
from collections.abc import Callable

import structlog

log = structlog.get_logger()


class Periodic:
    """Something to do every so many seconds, for the first time after `first_s`."""

    def __init__(self, name: str, work: Callable[[], object], *, every_s: float, first_s: float) -> None:
        self._name = name
        self._work = work
        self._every_s = every_s
        self._due_at = time.monotonic() + first_s
        self._thread: threading.Thread | None = None

    def run_when_due(self) -> None:
        """Begin it if its time has come and the last turn is over; returns at once."""
        if time.monotonic() < self._due_at or (self._thread is not None and self._thread.is_alive()):
            return
        self._due_at = time.monotonic() + self._every_s
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._work()
        except Exception:
            log.exception("periodic_work_failed", work=self._name)
