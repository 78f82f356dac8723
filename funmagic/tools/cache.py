"""The catalogue's answers as bytes in Redis, so that most requests touch no database; without Redis they still work."""

import hashlib
import threading
from collections.abc import Callable
from typing import cast

import structlog
from redis.exceptions import RedisError

from funmagic.i18n.translate import current_locale
from funmagic.redis_client import get_redis

log = structlog.get_logger()

LISTS_KEY = "tools:active"
# Raised by every change: an answer made from what was true before it is never taken for the new truth.
GENERATION_KEY = "tools:generation"
LIFETIME_S = 300

_making = threading.Lock()


def tool_key(slug: str) -> str:
    """Where the answers about one tool are."""
    return f"tool:slug:{slug}"


def cached_answer(key: str, variant: str, make: Callable[[], bytes]) -> bytes:
    """The answer kept for this variant in the language in force; when there is none it is made, once at a time."""
    field = f"{current_locale()}|{variant}"
    try:
        if (kept := _find(key, field)) is not None:
            return kept
        with _making:
            # Whoever waited for the lock finds what the other one made.
            return kept if (kept := _find(key, field)) is not None else _make_and_keep(key, field, make)
    except RedisError as error:
        log.warning("catalogue_cache_away", error=str(error))
        return make()


def drop_catalogue(*slugs: str) -> None:
    """Forget the lists, and what is kept of these tools; called after the commit that changed them."""
    try:
        with get_redis().pipeline(transaction=True) as pipe:
            pipe.incr(GENERATION_KEY)
            pipe.delete(LISTS_KEY, *map(tool_key, slugs))
            pipe.execute()
    except RedisError as error:
        log.warning("catalogue_cache_not_dropped", error=str(error))


def etag_of(answer: bytes) -> str:
    """A name for exactly these bytes."""
    return f'"{hashlib.sha256(answer).hexdigest()[:32]}"'


def _find(key: str, field: str) -> bytes | None:
    with get_redis().pipeline(transaction=False) as pipe:
        pipe.get(GENERATION_KEY)
        pipe.hget(key, field)
        generation, kept = pipe.execute()
    if kept is None:
        return None
    made_in, _, answer = kept.partition(b"\n")
    return answer if made_in == (generation or b"0") else None


def _make_and_keep(key: str, field: str, make: Callable[[], bytes]) -> bytes:
    generation = cast("bytes | None", get_redis().get(GENERATION_KEY)) or b"0"
    answer = make()
    with get_redis().pipeline(transaction=True) as pipe:
        pipe.hset(key, field, generation + b"\n" + answer)  # type: ignore[arg-type]
        pipe.expire(key, LIFETIME_S)
        pipe.execute()
    return answer
