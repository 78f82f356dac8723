"""Leadership: of several processes that could run the clock, one does; a spare takes over within seconds."""

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from funmagic.models.base import db_time
from funmagic.models.leases import Lease

LEASE_S = 6


def hold_lease(session: Session, name: str, holder: str, *, seconds: float = LEASE_S) -> bool:
    """Take or renew a lease; False while another process holds it."""
    is_free = sa.or_(col(Lease.holder) == holder, col(Lease.expires_at) < db_time())
    renewed = session.execute(
        sa.update(Lease).where(col(Lease.name) == name, is_free).values(holder=holder, expires_at=db_time(seconds))
    )
    return bool(renewed.rowcount) or _take_new_lease(session, name, holder, seconds)  # type: ignore[attr-defined]


def _take_new_lease(session: Session, name: str, holder: str, seconds: float) -> bool:
    lease = sa.insert(Lease).values(name=name, holder=holder, expires_at=db_time(seconds))
    try:
        with session.begin_nested():
            session.execute(lease)
    except IntegrityError:
        return False
    return True


def drop_lease(session: Session, name: str, holder: str) -> None:
    """Let a spare take over at once."""
    session.execute(sa.delete(Lease).where(col(Lease.name) == name, col(Lease.holder) == holder))
