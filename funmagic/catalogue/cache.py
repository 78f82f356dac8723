"""The catalogue's answers as bytes in Redis, so that most requests touch no database; without Redis they still work."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from anyio.to_thread import run_sync
from redis.exceptions import RedisError

from funmagic.core.redis import get_async_redis, get_redis
from funmagic.i18n.translate import current_locale

log = structlog.get_logger()

LISTS_KEY = "tools:active"
# Raised by every change: an answer made from what was true before it is never taken for the new truth.
GENERATION_KEY = "tools:generation"
LIFETIME_S = 300
# Raised when what is kept looks different: a process of another version must not read it.
FORMAT = 2

_making = threading.Lock()


def tool_key(slug: str) -> str:
    """Where the answers about one tool are."""
    return f"tool:slug:{slug}"


@dataclass(frozen=True)
class Answer:
    """The bytes of an answer, and a name for exactly these bytes."""

    etag: bytes
    body: bytes


async def cached_answer(key: str, variant: str, make: Callable[[], bytes]) -> Answer:
    """The answer kept for this variant in the language in force; when there is none it is made, once at a time."""
    field = f"{FORMAT}|{current_locale()}|{variant}"
    try:
        async with get_async_redis().pipeline(transaction=False) as pipe:
            _queue_reads(pipe, key, field)
            _, kept = _parse(await pipe.execute())
        if kept is not None:
            return kept
        return await run_sync(_make_once, key, field, make)
    except RedisError as error:
        log.warning("catalogue_cache_away", error=str(error))
        return await fresh_answer(make)


async def fresh_answer(make: Callable[[], bytes]) -> Answer:
    """An answer made for this request alone, in a thread."""
    return _named(await run_sync(make))


def drop_catalogue(*slugs: str) -> None:
    """Forget the lists, and what is kept of these tools; called after the commit that changed them."""
    try:
        with get_redis().pipeline(transaction=True) as pipe:
            pipe.incr(GENERATION_KEY)
            pipe.delete(LISTS_KEY, *map(tool_key, slugs))
            pipe.execute()
    except RedisError as error:
        log.warning("catalogue_cache_not_dropped", error=str(error))


def _make_once(key: str, field: str, make: Callable[[], bytes]) -> Answer:
    with _making, get_redis().pipeline(transaction=False) as pipe:
        # Whoever waited for the lock finds what the other one made.
        _queue_reads(pipe, key, field)
        generation, kept = _parse(pipe.execute())
        return kept or _keep(key, field, generation, _named(make()))


def _keep(key: str, field: str, generation: bytes, answer: Answer) -> Answer:
    with get_redis().pipeline(transaction=True) as pipe:
        pipe.hset(key, field, b"\n".join((generation, answer.etag, answer.body)))  # type: ignore[arg-type]
        pipe.expire(key, LIFETIME_S)
        pipe.execute()
    return answer


def _queue_reads(pipe: Any, key: str, field: str) -> None:
    pipe.get(GENERATION_KEY)
    pipe.hget(key, field)


def _parse(answers: list[Any]) -> tuple[bytes, Answer | None]:
    """The current generation, and the answer that Redis keeps of it, if any."""
    generation = answers[0] or b"0"
    kept = answers[1]
    if kept is None:
        return generation, None
    made_in, etag, body = kept.split(b"\n", 2)
    return generation, Answer(etag, body) if made_in == generation else None


def _named(body: bytes) -> Answer:
    return Answer(b'"%s"' % hashlib.sha256(body).hexdigest()[:32].encode(), body)
