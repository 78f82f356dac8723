"""Watching tasks live: one reader per process follows every watched stream and feeds SSE and pages alike."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import structlog
from redis.exceptions import RedisError

from funmagic.errors import LiveUpdatesPaused
from funmagic.models.base import new_id
from funmagic.redis_client import new_async_redis
from funmagic.tasks.events import stream_key

log = structlog.get_logger()

BLOCK_MS = 5000
RECONNECT_S = 1.0
SILENCE_S = 30.0
# A Redis that hangs is as good as away.
ANSWER_S = 5.0
START = "0-0"


@dataclass(frozen=True)
class StreamEvent:
    """An event as it lies in the stream, with its id there."""

    id: str
    data: dict[str, Any]


# Signs from the reader itself: the database may know more than the stream; and Redis is away for now.
LOOK_AGAIN = StreamEvent("", {"type": "look_again"})
PAUSED = StreamEvent("", {"type": "paused"})
SIGNS = (LOOK_AGAIN, PAUSED)
# Never passed on: it ends the following.
ENDED = StreamEvent("", {"type": "ended"})


class Watchers:
    """The one reader of a process: it waits on all watched streams at once and passes events on."""

    def __init__(self) -> None:
        self._redis = new_async_redis()
        # A stream of our own in every read: appending to it makes the reader notice a new watcher at once.
        self._wake_key = f"watchers:{new_id()}"
        self._positions: dict[Any, Any] = {self._wake_key: START}
        self._queues: dict[str, set[asyncio.Queue[StreamEvent]]] = {}
        self._reader: asyncio.Task[None] | None = None
        self._has_ended = False

    def end_all(self) -> None:
        """Let everybody go, now and from now on, because this process stops; they follow on at another one."""
        self._has_ended = True
        self._tell_everybody(ENDED)

    async def follow(self, task_id: str, after: str = START) -> AsyncGenerator[StreamEvent, None]:
        """Every event of a task after an id, past and live, none missed or twice; and signs in between.

        LOOK_AGAIN comes when the past is told, when Redis is back, and after every half minute of silence. PAUSED comes
        every second while Redis is away. It ends only with this process. Raises LiveUpdatesPaused when Redis is away at
        the start.
        """
        key = stream_key(task_id)
        queue: asyncio.Queue[StreamEvent] = asyncio.Queue()
        last = after
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._join(key, queue)
                past = await self._history(key, after)
            for event in past:
                last = event.id
                yield event
            yield LOOK_AGAIN
            while not self._has_ended and (event := await _next(queue)) is not ENDED:
                if event in SIGNS:
                    yield event
                elif _order(event.id) > _order(last):
                    last = event.id
                    yield event
        except (RedisError, TimeoutError) as error:
            raise LiveUpdatesPaused from error
        finally:
            self._leave(key, queue)

    async def find_event(self, task_id: str, id_: str) -> StreamEvent | None:
        """The event of this id in a task's stream; raises LiveUpdatesPaused when Redis is away."""
        try:
            async with asyncio.timeout(ANSWER_S):
                found = await self._redis.xrange(stream_key(task_id), min=id_, max=id_)
        except (RedisError, TimeoutError) as error:
            raise LiveUpdatesPaused from error
        return _parse(*found[0]) if found else None

    async def _join(self, key: str, queue: asyncio.Queue[StreamEvent]) -> None:
        self._queues.setdefault(key, set()).add(queue)
        if key not in self._positions:
            newest = await self._redis.xrevrange(key, count=1)
            self._positions.setdefault(key, newest[0][0] if newest else START)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read_forever())
        await self._redis.xadd(self._wake_key, {"watch": key}, maxlen=1)
        await self._redis.expire(self._wake_key, 3600)

    def _leave(self, key: str, queue: asyncio.Queue[StreamEvent]) -> None:
        queues = self._queues.get(key, set())
        queues.discard(queue)
        if not queues:
            self._queues.pop(key, None)
            self._positions.pop(key, None)

    async def _history(self, key: str, after: str) -> list[StreamEvent]:
        return [_parse(id_, fields) for id_, fields in await self._redis.xrange(key, min=f"({after}")]

    async def _read_forever(self) -> None:
        is_away = False
        while self._queues:
            try:
                answer = await self._redis.xread(dict(self._positions), block=BLOCK_MS)
            except RedisError as error:
                log.warning("watchers_reconnect", error=str(error))
                is_away = True
                self._tell_everybody(PAUSED)
                await asyncio.sleep(RECONNECT_S)
                continue
            if is_away:
                is_away = False
                self._tell_everybody(LOOK_AGAIN)
            for key, entries in answer or []:
                self._pass_on(key, entries)

    def _tell_everybody(self, sign: StreamEvent) -> None:
        for queues in self._queues.values():
            for queue in queues:
                queue.put_nowait(sign)

    def _pass_on(self, key: str, entries: list[tuple[str, dict[str, str]]]) -> None:
        if key not in self._positions:
            return
        self._positions[key] = entries[-1][0]
        for id_, fields in entries:
            for queue in self._queues.get(key, ()):
                queue.put_nowait(_parse(id_, fields))


@lru_cache
def get_watchers() -> Watchers:
    """The watchers of this process."""
    return Watchers()


async def _next(queue: asyncio.Queue[StreamEvent]) -> StreamEvent:
    try:
        return await asyncio.wait_for(queue.get(), SILENCE_S)
    except TimeoutError:
        return LOOK_AGAIN


def _parse(id_: str, fields: dict[str, str]) -> StreamEvent:
    return StreamEvent(id_, json.loads(fields["event"]))


def _order(id_: str) -> tuple[int, int]:
    milliseconds, _, number = id_.partition("-")
    return int(milliseconds), int(number or 0)
