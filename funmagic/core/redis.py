"""Connections to Redis, which holds hints and live events, and never the truth."""

import asyncio
from functools import lru_cache

import redis
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from funmagic.core.settings import get_settings

# A Redis that is away must cost a request a moment, not a hang.
CONNECT_TIMEOUT = 2
ANSWER_TIMEOUT = 5
MOST_ASYNC_CONNECTIONS = 32


@lru_cache
def get_redis() -> redis.Redis:
    """The synchronous client of this process, pooled."""
    return redis.Redis.from_url(
        get_settings().redis_address,
        socket_connect_timeout=CONNECT_TIMEOUT,
        socket_timeout=ANSWER_TIMEOUT,
        health_check_interval=30,
    )


def get_async_redis() -> redis.asyncio.Redis:
    """The client of the running event loop, pooled, for calls that are answered at once."""
    return _client_of(asyncio.get_running_loop(), get_settings().redis_address)


def new_worker_redis() -> redis.Redis:
    """A client for an RQ worker, which sets its own time limits for blocking reads."""
    return redis.Redis.from_url(get_settings().redis_address, socket_connect_timeout=CONNECT_TIMEOUT)


def new_async_redis() -> redis.asyncio.Redis:
    """A client for one event loop, which leaves trying again to its caller."""
    return redis.asyncio.Redis.from_url(
        get_settings().redis_address,
        socket_connect_timeout=CONNECT_TIMEOUT,
        socket_timeout=ANSWER_TIMEOUT,
        decode_responses=True,
        retry=Retry(NoBackoff(), 0),
    )


@lru_cache(maxsize=1)
def _client_of(_loop: asyncio.AbstractEventLoop, address: str) -> redis.asyncio.Redis:
    # However many ask at once: past the last connection they queue, each for its moment.
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        address,
        max_connections=MOST_ASYNC_CONNECTIONS,
        timeout=CONNECT_TIMEOUT,
        socket_connect_timeout=CONNECT_TIMEOUT,
        socket_timeout=ANSWER_TIMEOUT,
    )
    return redis.asyncio.Redis.from_pool(pool)
