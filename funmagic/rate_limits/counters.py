"""The counters in Redis: fixed windows of a minute, all that is counted at once in one round trip."""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import redis.asyncio
import structlog
from redis.backoff import NoBackoff
from redis.commands.core import AsyncScript, Script
from redis.exceptions import RedisError
from redis.retry import Retry

from funmagic.core.redis import get_async_redis
from funmagic.core.settings import get_settings
from funmagic.rate_limits.service import KEY

log = structlog.get_logger()

SCRIPT = Path(__file__).with_suffix(".lua").read_text()
PREFIX = "rl"
WINDOW_MS = 60_000
# Every request counts: a Redis that hangs must not hang them, and is not asked again for a while.
TIMEOUT_S = 0.25
BACK_OFF_S = 5.0
# A loop that is late itself must not take Redis for late: it gets to look at its sockets so many times.
LOOKS = 5
# Nor must a crowd: whoever waits for one of these is not timed.
MOST_AT_ONCE = 16
AWAY = (RedisError, TimeoutError)

# What Redis says: the settings it keeps, and for each key how many there were, and for how many ms they still count.
Counters = tuple[bytes | None, list[tuple[int, int]]]


async def increment(keys: Sequence[str]) -> Counters | None:
    """Count one for each key; None while Redis is away."""
    script, places = _script_of(get_async_redis())
    async with places:
        if _is_backing_off():
            return None
        try:
            return await _within_timeout(script([KEY, *_names(keys)], [WINDOW_MS]))
        except AWAY as error:
            _back_off(error)
            return None


def increment_blocking(keys: Sequence[str]) -> Counters | None:
    """Count one for each key from a thread; None while Redis is away."""
    if _is_backing_off():
        return None
    try:
        counters: Counters = _blocking_script_of(get_settings().redis_address)([KEY, *_names(keys)], [WINDOW_MS])
    except AWAY as error:
        _back_off(error)
        return None
    return counters


def _names(keys: Sequence[str]) -> list[str]:
    return [f"{PREFIX}:{key}" for key in keys]


async def _within_timeout(trip: Coroutine[Any, Any, Counters]) -> Counters:
    task = asyncio.create_task(trip)
    for _ in range(LOOKS):
        if (await asyncio.wait([task], timeout=TIMEOUT_S / LOOKS))[0]:
            return task.result()
    task.cancel()
    raise TimeoutError


@lru_cache(maxsize=1)
def _script_of(client: redis.asyncio.Redis) -> tuple[AsyncScript, asyncio.Semaphore]:
    return client.register_script(SCRIPT), asyncio.Semaphore(MOST_AT_ONCE)


@lru_cache(maxsize=1)
def _blocking_script_of(address: str) -> Script:
    timeouts: Any = {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S}
    return redis.Redis.from_url(address, retry=Retry(NoBackoff(), 0), **timeouts).register_script(SCRIPT)


# By address, which only tests change.
_backs_off_until: dict[str, float] = {}


def _is_backing_off() -> bool:
    return time.monotonic() < _backs_off_until.get(get_settings().redis_address, 0)


def _back_off(error: Exception) -> None:
    log.warning("rate_limits_away", error=str(error) or type(error).__name__)
    _backs_off_until[get_settings().redis_address] = time.monotonic() + BACK_OFF_S
