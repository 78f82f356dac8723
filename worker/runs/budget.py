"""A step's time as a limit on what this process does for it: whatever hangs is interrupted."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from worker.providers.base import ProviderTimeout

# Whoever keeps the time by themselves says more of what went wrong: they come first.
GRACE_S = 5.0


class OutOfTime(ProviderTimeout):
    """What was done here took too long and was interrupted; a job at the provider may go on."""


@contextmanager
def within_budget(seconds: float) -> Iterator[None]:
    """Raise OutOfTime in the block when it takes longer; only a main thread, as workers have, can be interrupted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise OutOfTime(f"the work did not end within {seconds:.0f} s")

    handler = signal.signal(signal.SIGALRM, interrupt)
    # RQ's own limit on the job goes on afterwards.
    before, _ = signal.setitimer(signal.ITIMER_REAL, max(seconds, 0) + GRACE_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, before)
        signal.signal(signal.SIGALRM, handler)
