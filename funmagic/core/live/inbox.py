"""The events that wait for one watcher: light enough for thousands of watchers, and at most MOST_WAITING of them."""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")

# A client that does not read must not fill the memory; what it misses here, the stream or the database still has.
MOST_WAITING = 64


class Inbox(Generic[T]):
    """Events in their order and the newest sign after them, for one reader; `has_gap` says that some were left out."""

    __slots__ = ("_events", "_heard_at", "_is_closed", "_sign", "_waiter", "has_gap")

    def __init__(self) -> None:
        self.has_gap = False
        self._events: list[T] = []
        self._sign: T | None = None
        self._is_closed = False
        self._waiter: asyncio.Future[None] | None = None
        self._heard_at = asyncio.get_running_loop().time()

    def put(self, event: T) -> None:
        """Add an event; while there is a gap it is left out, as the reader fetches it with the others."""
        if self.has_gap or len(self._events) >= MOST_WAITING:
            self.has_gap = True
        else:
            self._events.append(event)
        self._record_arrival()

    def set_sign(self, sign: T) -> None:
        """Set the sign that the reader gets after the events; it replaces an earlier one."""
        self._sign = sign
        self._record_arrival()

    def nudge(self, sign: T) -> None:
        """Set a sign unless there is one; the time of silence goes on."""
        if self._sign is None:
            self._sign = sign
        self._wake()

    def fall_behind(self) -> None:
        """Mark that events after those in the inbox may be missing."""
        self.has_gap = True
        self._record_arrival()

    def close(self) -> None:
        """Release the reader, now and whenever it takes again."""
        self._is_closed = True
        self._record_arrival()

    def empty(self) -> None:
        """Forget everything."""
        self._events = []
        self._sign = None
        self.has_gap = False

    def silence(self) -> float:
        """For how many seconds nothing has come."""
        return asyncio.get_running_loop().time() - self._heard_at

    async def take(self) -> list[T]:
        """Wait for events or a sign and return them; empty when there is only a gap, or the inbox is closed."""
        while not (self._events or self._sign or self.has_gap or self._is_closed):
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        news = self._events
        self._events = []
        if self._sign is not None:
            news.append(self._sign)
            self._sign = None
        return news

    def _record_arrival(self) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
