"""The trips to Redis that counting takes: one for all that is asked at a moment, and none while Redis is away."""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from functools import lru_cache
from typing import Any

import redis.asyncio
import structlog
from limits import RateLimitItemPerMinute
from limits.aio.storage import RedisStorage as AsyncRedisStorage
from limits.storage import RedisStorage
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from funmagic.core.redis import get_async_redis
from funmagic.core.settings import get_settings
from funmagic.rate_limits.service import KEY

log = structlog.get_logger()

PREFIX = "rl"
WINDOW_S = RateLimitItemPerMinute(1).get_expiry()
# Every request asks: a Redis that hangs must not hang them, and is left in peace for a while.
PATIENCE_S = 0.25
PEACE_S = 5.0
# A loop that is late itself must not take Redis for late: it gets to look at its sockets so many times.
LOOKS = 5
AWAY = (RedisError, TimeoutError)

# What Redis says: the limits it keeps, and for each key how many there were, and for how many ms they still count.
Answers = tuple[bytes | None, list[tuple[int, int]]]


async def ask(keys: Sequence[str]) -> Answers | None:
    """Count one for each key, in one trip with all who ask at this moment; None while Redis is away."""
    return None if _is_left_in_peace() else await _trips(get_async_redis()).join(keys)


def ask_here(keys: Sequence[str]) -> Answers | None:
    """Count one for each key from a thread; None while Redis is away."""
    if _is_left_in_peace():
        return None
    storage = _storage(get_settings().redis_address)
    client: Any = storage.get_connection()
    try:
        with client.pipeline(transaction=False) as pipe:
            _write(pipe, storage.lua_incr_expire.sha, keys)
            try:
                return _read(pipe.execute())
            except NoScriptError:
                client.script_load(storage.SCRIPT_INCR_EXPIRE)
                _write(pipe, storage.lua_incr_expire.sha, keys)
                return _read(pipe.execute())
    except AWAY as error:
        _leave_in_peace(error)
        return None


class _Trips:
    """Goes to Redis for all requests of one event loop, one trip after the other."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        pool: Any = client.connection_pool
        options: dict[str, Any] = {"implementation": "redispy", "key_prefix": PREFIX, "connection_pool": pool}
        self._bridge: Any = AsyncRedisStorage("async+redis://", **options).bridge
        self._client = client
        self._waiting: list[tuple[Sequence[str], asyncio.Future[Answers | None]]] = []
        self._trip: asyncio.Task[None] | None = None

    async def join(self, keys: Sequence[str]) -> Answers | None:
        """Come along on the next trip."""
        answers: asyncio.Future[Answers | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((keys, answers))
        if self._trip is None:
            self._trip = asyncio.create_task(self._travel())
        return await answers

    async def _travel(self) -> None:
        try:
            while self._waiting:
                party, self._waiting = self._waiting, []
                answers = await self._go([key for keys, _ in party for key in keys])
                _hand_out(party, answers)
        finally:
            self._trip = None

    async def _go(self, keys: list[str]) -> Answers | None:
        try:
            return await _patiently(self._count(keys))
        except AWAY as error:
            _leave_in_peace(error)
        except Exception:
            # A defect of ours must not leave everybody waiting.
            log.exception("rate_limits_failed")
        return None

    async def _count(self, keys: list[str]) -> Answers:
        async with self._client.pipeline(transaction=False) as pipe:
            _write(pipe, self._bridge.lua_incr_expire.sha, keys)
            try:
                return _read(await pipe.execute())
            except NoScriptError:
                # Nothing was counted: the script is for all of them.
                await self._client.script_load(self._bridge.SCRIPT_INCR_EXPIRE)
                _write(pipe, self._bridge.lua_incr_expire.sha, keys)
                return _read(await pipe.execute())


def _hand_out(party: list[tuple[Sequence[str], "asyncio.Future[Answers | None]"]], answers: Answers | None) -> None:
    position = 0
    for keys, waiting in party:
        own = answers and (answers[0], answers[1][position : position + len(keys)])
        position += len(keys)
        if not waiting.done():  # whose client has left
            waiting.set_result(own)


async def _patiently(trip: Coroutine[Any, Any, Answers]) -> Answers:
    task = asyncio.create_task(trip)
    for _ in range(LOOKS):
        if (await asyncio.wait([task], timeout=PATIENCE_S / LOOKS))[0]:
            return task.result()
    task.cancel()
    raise TimeoutError


def _write(pipe: Any, script: str, keys: Sequence[str]) -> None:
    """What `limits` does for each key in trips of its own: its script counts, and the key's lifetime is the window."""
    pipe.get(KEY)
    for key in keys:
        pipe.evalsha(script, 1, f"{PREFIX}:{key}", WINDOW_S, 1)
        pipe.pttl(f"{PREFIX}:{key}")


def _read(said: list[Any]) -> Answers:
    kept, *numbers = said
    return kept, list(zip(numbers[::2], numbers[1::2], strict=True))


@lru_cache(maxsize=1)
def _trips(client: redis.asyncio.Redis) -> _Trips:
    return _Trips(client)


@lru_cache(maxsize=1)
def _storage(address: str) -> RedisStorage:
    timeouts: Any = {"socket_timeout": PATIENCE_S, "socket_connect_timeout": PATIENCE_S}
    retry: Any = Retry(NoBackoff(), 0)
    return RedisStorage(address.replace("unix://", "redis+unix://"), key_prefix=PREFIX, retry=retry, **timeouts)


# By address, which only tests change.
_left_in_peace_until: dict[str, float] = {}


def _is_left_in_peace() -> bool:
    return time.monotonic() < _left_in_peace_until.get(get_settings().redis_address, 0)


def _leave_in_peace(error: Exception) -> None:
    log.warning("rate_limits_away", error=str(error) or type(error).__name__)
    _left_in_peace_until[get_settings().redis_address] = time.monotonic() + PEACE_S
