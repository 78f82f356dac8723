"""Waiting for a condition; nothing of the product is loaded for it, as an emulator's process needs none."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], timeout: float = 20) -> None:
    """Return as soon as the condition holds; fail when it does not in time. An exception counts as not yet."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            if condition():
                return
        except Exception:
            if time.monotonic() > deadline:
                raise
        if time.monotonic() > deadline:
            raise AssertionError(f"not true within {timeout} s: {condition}")
        time.sleep(0.02)
