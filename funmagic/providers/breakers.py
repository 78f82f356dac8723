"""The circuit breakers as everybody but the worker sees them: how each is, and closing one that an admin mended."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, cast

import structlog
from redis.exceptions import RedisError

from funmagic.core.redis import get_redis
from funmagic.models.providers import ProviderScope

log = structlog.get_logger()

# The time, in ms, instead of the Redis server's own: tests set it, so that hours pass without waiting.
CLOCK_MS: int | None = None


class BreakerState(IntEnum):
    """Whether calls go through: all, one to try it, or none."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


@dataclass(frozen=True)
class Breaker:
    """A provider's breaker: how it is, and whether the provider had turned our account away."""

    state: BreakerState = BreakerState.CLOSED
    has_refused: bool = False


def breaker_key(scope: ProviderScope, provider: str) -> str:
    """The key in Redis that workers keep a provider's breaker in."""
    return f"breaker:{scope}:{provider}"


def read_breakers(scope: ProviderScope, providers: Sequence[str]) -> dict[str, Breaker]:
    """How the breakers of these providers are; without Redis nobody is kept from calling, so all are closed."""
    try:
        with get_redis().pipeline(transaction=False) as pipe:
            pipe.time()
            for provider in providers:
                pipe.get(breaker_key(scope, provider))
            (seconds, micros), *stored = pipe.execute()
    except RedisError as error:
        log.debug("breakers_not_read", error=str(error))
        return {provider: Breaker() for provider in providers}
    now_ms = CLOCK_MS or seconds * 1000 + micros // 1000
    return {provider: _read(kept, now_ms) for provider, kept in zip(providers, stored, strict=True)}


def close_breaker(scope: ProviderScope, provider: str) -> None:
    """Let calls through at once; without Redis they go through anyway."""
    try:
        get_redis().delete(breaker_key(scope, provider))
    except RedisError as error:
        log.warning("breaker_not_closed", scope=scope, provider=provider, error=str(error))


def _read(kept: bytes | None, now_ms: int) -> Breaker:
    breaker = cast("dict[str, Any]", json.loads(kept)) if kept else {}
    if "opened_until" not in breaker or breaker["forgotten_at"] <= now_ms:
        return Breaker()
    state = BreakerState.OPEN if breaker["opened_until"] > now_ms else BreakerState.HALF_OPEN
    return Breaker(state, breaker.get("refused", False))
