"""Calls what may hang in a thread of its own, once at a time, and waits only so long for its result."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Bounded(Generic[T]):
    """A blocking call whose result is kept for `kept_s`, and for which `answer` waits `patience_s` at most.

    A call that hangs costs one thread, however often its result is wanted.
    """

    def __init__(self, ask: Callable[[], T], *, patience_s: float, kept_s: float) -> None:
        self._ask = ask
        self._patience_s = patience_s
        self._kept_s = kept_s
        self._lock = threading.Lock()
        self._answer: Future[T] | None = None
        self._answered_at = 0.0

    async def answer(self) -> T:
        """The result; raises what the call raised, or TimeoutError."""
        asked = asyncio.wrap_future(self._current())
        asked.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may be waiting any more
        async with asyncio.timeout(self._patience_s):
            return await asyncio.shield(asked)

    def forget(self) -> None:
        """Drop the result, so that the next `answer` calls again."""
        with self._lock:
            self._answer = None

    def _current(self) -> Future[T]:
        with self._lock:
            answer = self._answer
            is_stale = answer is not None and answer.done() and time.monotonic() - self._answered_at > self._kept_s
            if answer is None or is_stale:
                answer = self._answer = Future()
                # A daemon: a question that hangs must not keep the process from ending.
                threading.Thread(target=self._fulfil, args=(answer,), daemon=True).start()
            return answer

    def _fulfil(self, answer: Future[T]) -> None:
        try:
            result = self._ask()
        except Exception as error:  # noqa: BLE001 - it is the answer
            self._answered_at = time.monotonic()
            answer.set_exception(error)
        else:
            self._answered_at = time.monotonic()
            answer.set_result(result)
