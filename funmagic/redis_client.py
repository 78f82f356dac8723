"""Connections to Redis, which holds hints and live events, and never the truth."""

from functools import lru_cache

import redis
import redis.asyncio

from funmagic.settings import get_settings

# A Redis that is away must cost a request a moment, not a hang.
CONNECT_TIMEOUT = 2


@lru_cache
def get_redis() -> redis.Redis:
    """The synchronous client of this process, pooled."""
    return redis.Redis.from_url(
        get_settings().redis_address, socket_connect_timeout=CONNECT_TIMEOUT, socket_timeout=5, health_check_interval=30
    )


def new_worker_redis() -> redis.Redis:
    """A client for an RQ worker, which sets its own time limits for blocking reads."""
    return redis.Redis.from_url(get_settings().redis_address, socket_connect_timeout=CONNECT_TIMEOUT)


def new_async_redis() -> redis.asyncio.Redis:
    """A client for one event loop; it waits for blocking reads as long as they take."""
    return redis.asyncio.Redis.from_url(
        get_settings().redis_address, socket_connect_timeout=CONNECT_TIMEOUT, decode_responses=True
    )
