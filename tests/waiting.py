"""Waiting for a condition; nothing of the product is loaded for it, as an emulator's process needs none."""

import time
from collections.abc import Callable
from typing import Protocol

# Time never decides a test: whoever waits for so long waits for something that is stuck.
PATIENCE_S = 180


class Process(Protocol):
    """What is known of a process: `poll` gives None while it runs."""

    def poll(self) -> object | None:
        """How it ended, if it has."""


def wait_until(condition: Callable[[], object], timeout: float = PATIENCE_S, *, of: Process | None = None) -> None:
    """Return as soon as the condition holds, and fail when it does not in time; an exception counts as not yet.

    A condition of a process fails at once when the process has ended without fulfilling it.
    """
    deadline = time.monotonic() + timeout
    while True:
        end = of.poll() if of is not None else None  # before the look: what it did last counts
        problem: Exception | None = None
        try:
            if condition():
                return
        except Exception as error:  # noqa: BLE001 - raised below, once there is no more hope
            problem = error
        if end is not None:
            raise AssertionError(f"{of} has ended ({end}) before this was true: {condition}") from problem
        if time.monotonic() > deadline:
            raise AssertionError(f"not true within {timeout} s: {condition}") from problem
        time.sleep(0.02)
