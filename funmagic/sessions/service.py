"""Sessions: a random token in an HttpOnly cookie, of which the database keeps only the hash."""

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache, partial
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from funmagic.core.db import after_commit, autocommitting, reading
from funmagic.core.live.user_channel import publish_change
from funmagic.models.base import utcnow, without_waiting
from funmagic.models.credits import CreditAccount
from funmagic.models.users import User, UserSession
from funmagic.sessions import cache as session_cache
from funmagic.sessions.viewer import VIEWER_COLUMNS, Viewer

COOKIE_NAME = "fm_session"
# A browser that comes back stays signed in for another 30 days each time, and for 90 days at most.
LIFETIME = timedelta(days=30)
LONGEST_LIFETIME = timedelta(days=90)
# How exactly the last use is known.
SEEN_EVERY = timedelta(minutes=5)


def open_session(session: Session, user_id: str, *, ip: str | None = None, user_agent: str | None = None) -> str:
    """Sign a browser in and return the token for its cookie, good for 30 days after its last use."""
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
    viewer = await asyncio.to_thread(_load_viewer, token)
    # Whoever may do more than use tools is looked up every time.
    if viewer and not viewer.is_admin:
        await session_cache.keep(token_hash, viewer)
    return viewer


async def is_still(viewer: Viewer, token: str | None) -> bool:
    """Whether the session of this token is still this viewer's: whoever left, or was shut out, is told nothing more."""
    now = await read_viewer(token)
    return now is not None and now.id == viewer.id


def find_viewer(session: Session, token: str | None) -> Viewer | None:
    """Whose token this is; None when it is unknown or expired, or its user is banned or deleted."""
    if not token:
        return None
    found = _find(session, token)
    return Viewer(*found[:VIEWER_COLUMNS]) if found else None


def close_session(session: Session, token: str | None) -> None:
    """Sign one browser out; an unknown token is fine."""
    if token:
        token_hash = _hash(token)
        closed = sa.delete(UserSession).where(col(UserSession.token_hash) == token_hash)
        user_id = session.execute(closed.returning(col(UserSession.user_id))).scalar()
        forget_closed(session, user_id, [token_hash])


def close_sessions(session: Session, user_id: str, *, but: str | None = None) -> None:
    """Sign a user out everywhere, but for the browser with the token `but`."""
    refresh_sessions(session, user_id)
    kept = _hash(but) if but else ""
    # The names are needed after the commit, when the rows are gone.
    closed = sa.delete(UserSession).where(col(UserSession.user_id) == user_id, col(UserSession.token_hash) != kept)
    hashes = session.execute(closed.returning(col(UserSession.token_hash))).scalars().all()
    forget_closed(session, user_id, hashes)


def forget_closed(session: Session, user_id: str | None, hashes: Sequence[str]) -> None:
    """Have every process see that these sessions of a user are closed, and every page open in them at once."""
    after_commit(session, partial(session_cache.drop, hashes))
    if user_id:
        after_commit(session, partial(publish_change, user_id))


def refresh_sessions(session: Session, user_id: str) -> None:
    """Have every browser of a user see what this transaction makes of them, and every open page at once."""
    after_commit(session, partial(_drop_all_of, user_id))
    after_commit(session, partial(publish_change, user_id))


def sweep_expired_sessions(session: Session) -> None:
    """Forget sessions that have run out."""
    session.execute(sa.delete(UserSession).where(col(UserSession.expires_at) <= utcnow()))


def _load_viewer(token: str) -> Viewer | None:
    now = utcnow()
    with reading() as session:
        found = _find(session, token)
    if found is None:
        return None
    if now - found.last_seen_at >= SEEN_EVERY:
        with autocommitting() as session:
            expires_at = min(now + LIFETIME, found.created_at + LONGEST_LIFETIME)
            seen = sa.update(UserSession).where(col(UserSession.token_hash) == _hash(token), without_waiting())
            session.execute(seen.values(last_seen_at=now, expires_at=expires_at))
    return Viewer(*found[:VIEWER_COLUMNS])


def _find(session: Session, token: str) -> sa.Row[Any] | None:
    return session.execute(_viewer_of_a_session(), {"token_hash": _hash(token), "now": utcnow()}).first()


def _drop_all_of(user_id: str) -> None:
    # Looked up after the commit: a session opened meanwhile is among them, one opened later has read what is new.
    with reading() as session:
        hashes = session.execute(sa.select(col(UserSession.token_hash)).where(col(UserSession.user_id) == user_id))
        session_cache.drop(hashes.scalars().all())


@lru_cache
def _viewer_of_a_session() -> sa.Select[*tuple[Any, ...]]:
    """Built once, and of columns only: every request of a signed-in person asks it."""
    return (
        sa.select(
            *(col(User.id), col(User.email), col(User.name), col(User.role), col(User.email_verified_at).is_not(None)),
            sa.func.coalesce(col(CreditAccount.lifetime_purchased), 0),
            *(col(UserSession.last_seen_at), col(UserSession.created_at)),
        )
        .join(UserSession, col(UserSession.user_id) == col(User.id))
        .outerjoin(CreditAccount, col(CreditAccount.user_id) == col(User.id))
        .where(col(UserSession.token_hash) == sa.bindparam("token_hash"))
        .where(col(UserSession.expires_at) > sa.bindparam("now"))
        .where(col(User.banned_at).is_(None), col(User.deleted_at).is_(None))
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
