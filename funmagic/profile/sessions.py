"""The browsers in which a user is signed in: which there are, and signing them out."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from funmagic.accounts.tokens import digest
from funmagic.core.errors import NotFound
from funmagic.models.base import utcnow
from funmagic.models.users import UserSession
from funmagic.profile.devices import describe_device
from funmagic.sessions.service import close_sessions, forget_closed
from funmagic.sessions.viewer import Viewer


@dataclass(frozen=True)
class SessionView:
    """A signed-in browser, as its owner may see it."""

    id: str
    device: str
    ip: str
    created_at: datetime
    last_seen_at: datetime
    is_current: bool


def list_sessions(session: Session, viewer: Viewer, token: str | None) -> list[SessionView]:
    """The viewer's signed-in browsers: the one with this token first, then the last used."""
    alive = select(UserSession).where(UserSession.user_id == viewer.id, col(UserSession.expires_at) > utcnow())
    rows = session.exec(alive.order_by(col(UserSession.last_seen_at).desc(), col(UserSession.id).desc())).all()
    current = digest(token or "")
    views = [
        SessionView(
            id=row.id,
            device=describe_device(row.user_agent),
            ip=row.ip or "",
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            is_current=row.token_hash == current,
        )
        for row in rows
    ]
    return sorted(views, key=lambda view: not view.is_current)


def revoke_session(session: Session, viewer: Viewer, session_id: str) -> None:
    """Sign out one of the viewer's browsers, from its next request or event on; raises NotFound."""
    revoked = sa.delete(UserSession).where(col(UserSession.id) == session_id, col(UserSession.user_id) == viewer.id)
    hashes = session.execute(revoked.returning(col(UserSession.token_hash))).scalars().all()
    if not hashes:
        raise NotFound
    forget_closed(session, viewer.id, hashes)


def revoke_other_sessions(session: Session, viewer: Viewer, token: str | None) -> None:
    """Sign the viewer out everywhere but in the browser with this token."""
    close_sessions(session, viewer.id, but=token)
