"""Telling the pages of a user that their credits changed: a channel per user, which may vanish without harm."""

from functools import partial

import structlog
from redis.exceptions import RedisError
from sqlmodel import Session

from funmagic.core.db import after_commit
from funmagic.core.redis import get_redis
from funmagic.models.base import new_id

log = structlog.get_logger()

TOLD = "balance_told"
CHANGED = "changed"


def balance_channel(user_id: str) -> str:
    """Where changes of a user's credits are told."""
    return f"user:{user_id}:credits"


def publish_change_after_commit(session: Session, user_id: str) -> None:
    """Tell who watches this user's credits, once this transaction has committed; once, however much it changes."""
    told: set[str] = session.info.setdefault(TOLD, set())
    if user_id not in told:
        told.add(user_id)
        after_commit(session, partial(publish_change, user_id))


def publish_change(user_id: str) -> None:
    """Tell who watches this user's credits to look again."""
    try:
        get_redis().publish(balance_channel(user_id), f"{new_id()} {CHANGED}")
    except RedisError as error:
        # Pages look again when Redis is back, and others have said by then that it is away.
        log.debug("balance_not_told", user_id=user_id, error=str(error))
