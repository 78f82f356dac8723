"""Sessions: a random token in an HttpOnly cookie, of which the database keeps only the hash."""

import hashlib
import secrets
from datetime import timedelta
from functools import lru_cache, partial

import sqlalchemy as sa
from sqlmodel import Session, col

from funmagic.accounts import session_cache
from funmagic.accounts.viewer import Viewer
from funmagic.db import after_commit, read, reading
from funmagic.models.base import utcnow
from funmagic.models.users import User, UserSession

COOKIE_NAME = "fm_session"
LIFETIME = timedelta(days=30)


def open_session(session: Session, user_id: str, *, ip: str | None = None, user_agent: str | None = None) -> str:
    """Sign a browser in and return the token for its cookie, good for 30 days."""
    token = secrets.token_urlsafe(32)
    now = utcnow()
    session.add(
        UserSession(
            token_hash=_hash(token),
            user_id=user_id,
            last_seen_at=now,
            expires_at=now + LIFETIME,
            ip=ip,
            user_agent=(user_agent or "")[:400] or None,
        )
    )
    return token


async def read_viewer(token: str | None) -> Viewer | None:
    """Whose token this is, as `find_viewer` says, without a question to the database most of the time."""
    if not token:
        return None
    token_hash = _hash(token)
    if kept := await session_cache.find_kept(token_hash):
        return kept
    viewer = await read(find_viewer, token)
    # Whoever may do more than use tools is looked up every time.
    if viewer and not viewer.is_admin:
        await session_cache.keep(token_hash, viewer)
    return viewer


def find_viewer(session: Session, token: str | None) -> Viewer | None:
    """Whose token this is; None when it is unknown or expired, or its user is banned or deleted."""
    if not token:
        return None
    found = session.execute(_viewer_of_a_session(), {"token_hash": _hash(token), "now": utcnow()}).first()
    return Viewer(*found) if found else None


def close_session(session: Session, token: str | None) -> None:
    """Sign one browser out; an unknown token is fine."""
    if token:
        token_hash = _hash(token)
        session.execute(sa.delete(UserSession).where(col(UserSession.token_hash) == token_hash))
        after_commit(session, partial(session_cache.drop, [token_hash]))


def refresh_sessions(session: Session, user_id: str) -> None:
    """Have every browser of a user see, from the next request or event on, what this transaction makes of them."""
    after_commit(session, partial(_drop_all_of, user_id))


def sweep_expired_sessions(session: Session) -> None:
    """Forget sessions that have run out."""
    session.execute(sa.delete(UserSession).where(col(UserSession.expires_at) <= utcnow()))


def _drop_all_of(user_id: str) -> None:
    # Looked up after the commit: a session opened meanwhile is among them, one opened later has read what is new.
    with reading() as session:
        hashes = session.execute(sa.select(col(UserSession.token_hash)).where(col(UserSession.user_id) == user_id))
        session_cache.drop(hashes.scalars().all())


@lru_cache
def _viewer_of_a_session() -> sa.Select[str, str, str, str]:
    """Built once, and of columns only: every request of a signed-in person asks it."""
    return (
        sa.select(col(User.id), col(User.email), col(User.name), col(User.role))
        .join(UserSession, col(UserSession.user_id) == col(User.id))
        .where(col(UserSession.token_hash) == sa.bindparam("token_hash"))
        .where(col(UserSession.expires_at) > sa.bindparam("now"))
        .where(col(User.banned_at).is_(None), col(User.deleted_at).is_(None))
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
