"""Viewers kept in Redis for moments; the database is the truth, and is asked whenever Redis says nothing."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import asdict

import structlog
from redis.exceptions import RedisError

from funmagic.core.redis import get_async_redis, get_redis
from funmagic.sessions.viewer import Viewer

log = structlog.get_logger()

LIFETIME_S = 10
# Every request asks: a Redis that hangs must not hang them.
PATIENCE_S = 0.5
# Put where a session was dropped: whoever read the database before the change cannot keep what they saw there.
DROPPED = b"dropped"
AWAY = (RedisError, TimeoutError)


async def find_kept(token_hash: str) -> Viewer | None:
    """The viewer kept for a session; None when there is none, or no Redis."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            kept = await get_async_redis().get(_key(token_hash))
    except AWAY:
        return None
    return Viewer(**json.loads(kept)) if kept and kept != DROPPED else None


async def keep(token_hash: str, viewer: Viewer) -> None:
    """Keep what the database just said, unless the session was dropped meanwhile."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            await get_async_redis().set(_key(token_hash), json.dumps(asdict(viewer)), ex=LIFETIME_S, nx=True)
    except AWAY as error:
        log.warning("session_not_kept", error=str(error))


def drop(token_hashes: Iterable[str]) -> None:
    """Forget these sessions; called after the commit that closed them, or that changed their user."""
    try:
        with get_redis().pipeline(transaction=False) as pipe:
            for token_hash in token_hashes:
                pipe.set(_key(token_hash), DROPPED, ex=LIFETIME_S)
            pipe.execute()
    except RedisError as error:
        log.warning("sessions_not_dropped", error=str(error))


def _key(token_hash: str) -> str:
    return f"session:{token_hash}"
