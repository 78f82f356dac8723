"""Whether providers are well: what the last health check or a refused account said, and how each breaker is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from funmagic.models.base import utcnow
from funmagic.models.providers import PROVIDER_TABLES, Provider, ProviderScope
from funmagic.providers.breakers import BreakerState, read_breakers

LONGEST_NOTE = 300


@dataclass(frozen=True)
class ProviderHealth:
    """How a provider is, for admins; the note says in plain English what is wrong, and is None while nothing is."""

    name: str
    is_healthy: bool
    note: str | None
    last_health_check_at: datetime | None
    breaker: BreakerState


def mark_healthy(session: Session, scope: ProviderScope, name: str) -> bool:
    """Record that a provider is well; True when that is news."""
    return _mark(session, scope, name, is_healthy=True, health_note=None)


def mark_unhealthy(session: Session, scope: ProviderScope, name: str, note: str) -> bool:
    """Record that a provider is not well, and why; True when that is news."""
    return _mark(session, scope, name, is_healthy=False, health_note=note[:LONGEST_NOTE])


def list_health(session: Session) -> list[ProviderHealth]:
    """How every provider of the site is, by name."""
    rows = session.exec(select(Provider).order_by(col(Provider.name))).all()
    breakers = read_breakers(ProviderScope.WEB, [row.name for row in rows])
    return [
        ProviderHealth(
            name=row.name,
            is_healthy=row.is_healthy,
            note=row.health_note,
            last_health_check_at=row.last_health_check_at,
            breaker=breakers[row.name].state,
        )
        for row in rows
    ]


def _mark(session: Session, scope: ProviderScope, name: str, **health: Any) -> bool:
    table = PROVIDER_TABLES[scope]
    this = sa.update(table).where(col(table.name) == name)
    other = this.where(col(table.is_healthy) != health["is_healthy"]).values(is_healthy=health["is_healthy"])
    is_news = bool(session.execute(other).rowcount)  # type: ignore[attr-defined]
    session.execute(this.values(**health, last_health_check_at=utcnow()))
    return is_news
