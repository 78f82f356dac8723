"""Publishes that a user's credits or sessions changed, on a channel for each user; losing it harms nothing."""

from functools import partial

import structlog
from redis.exceptions import RedisError
from sqlmodel import Session

from funmagic.core.db import after_commit
from funmagic.core.redis import get_redis
from funmagic.models.base import new_id

log = structlog.get_logger()

PUBLISHED = "changes_published"
CHANGED = "changed"


def channel_of_user(user_id: str) -> str:
    """The name of the channel to which changes of a user's credits or sessions are published."""
    return f"user:{user_id}:credits"


def publish_change_after_commit(session: Session, user_id: str) -> None:
    """Publish a change of the user's after this transaction has committed; once, however much it changes."""
    published: set[str] = session.info.setdefault(PUBLISHED, set())
    if user_id not in published:
        published.add(user_id)
        after_commit(session, partial(publish_change, user_id))


def publish_change(user_id: str) -> None:
    """Publish that something of this user's changed; whoever follows the channel reads it again."""
    try:
        get_redis().publish(channel_of_user(user_id), f"{new_id()} {CHANGED}")
    except RedisError as error:
        # Pages read it again when Redis is back, and by then other lines of the log say that it was away.
        log.debug("change_not_published", user_id=user_id, error=str(error))
