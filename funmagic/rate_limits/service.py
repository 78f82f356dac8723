"""The limits in force: one row, which says what differs from the code; read by every request through Redis."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import structlog
from pydantic import ValidationError
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, select

from funmagic.core.db import after_commit, reading
from funmagic.core.errors import SettingRefused
from funmagic.core.redis import get_redis
from funmagic.i18n.translate import _
from funmagic.models.rate_limits import RateLimitSettings
from funmagic.rate_limits.config import RateLimits, RateLimitsChange

log = structlog.get_logger()

KEY = "settings:rate-limits"
LIFETIME_S = 300
# A change puts this there: a process that read the database before it cannot keep what it read. No read takes so long.
DROPPED = b"dropped"
DROPPED_S = 5


def get_rate_limits(session: Session) -> RateLimits:
    """The limits as the database has them."""
    row = _find_row(session)
    return _effective(row) if row else RateLimits()


def set_rate_limits(session: Session, change: RateLimitsChange) -> RateLimits:
    """Change some limits, for all processes from the commit on; raises SettingRefused."""
    row = _find_row(session, for_update=True) or RateLimitSettings()
    wanted = change.model_dump(by_alias=True, exclude_none=True)
    row.limits = _merged(row.limits, wanted.get("limits", {}))
    row.tiers = _merged(row.tiers, wanted.get("tiers", {}))
    try:
        limits = _effective(row)
    except ValidationError:
        problem = _("The first tier must start at 0 credits, and each later one above the one before it.")
        raise SettingRefused(problem=problem) from None
    session.add(row)
    after_commit(session, _drop)
    return limits


def change_settings(session: Session, change: RateLimitsChange) -> RateLimits:
    """Change some limits as a super admin; raises SettingRefused, also where nobody could change them back."""
    limits = set_rate_limits(session, change)
    if shut := limits.shut_out():
        lowest = ", ".join(f"{category} {fewest}" for category, fewest in shut.items())
        raise SettingRefused(
            problem=_(
                "With so few requests you could not sign in and change this back. A minute needs at least: {lowest}. "
                "The tiers' multipliers count. Nothing was changed.",
                lowest=lowest,
            )
        )
    return limits


def parse_rate_limits(kept: bytes | None) -> RateLimits | None:
    """Parse the limits that Redis keeps; None when it keeps none, or those of another version of the code."""
    return _parsed(kept) if kept else None


def load_rate_limits() -> RateLimits:
    """Read the limits from the database and keep them in Redis for the next request; the defaults while it is away."""
    try:
        with reading() as session:
            limits = get_rate_limits(session)
    except (SQLAlchemyError, ValidationError) as error:
        log.warning("rate_limits_not_read", error=str(error))
        return RateLimits()
    try:
        get_redis().set(KEY, limits.model_dump_json(by_alias=True), ex=LIFETIME_S, nx=True)
    except RedisError as error:
        log.warning("rate_limits_not_kept", error=str(error))
    return limits


@lru_cache(maxsize=8)
def _parsed(kept: bytes) -> RateLimits | None:
    try:
        return RateLimits.model_validate_json(kept)
    except ValidationError:
        return None


def _find_row(session: Session, *, for_update: bool = False) -> RateLimitSettings | None:
    query = select(RateLimitSettings)
    return session.exec(query.with_for_update() if for_update else query).first()


def _effective(row: RateLimitSettings) -> RateLimits:
    said = {"limits": row.limits, "tiers": row.tiers}
    return RateLimits.model_validate(_merged(RateLimits().model_dump(by_alias=True), said))


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    nested = {name: _merged(old.get(name, {}), value) for name, value in new.items() if isinstance(value, dict)}
    return {**old, **new, **nested}


def _drop() -> None:
    try:
        get_redis().set(KEY, DROPPED, ex=DROPPED_S)
    except RedisError as error:
        log.warning("rate_limits_not_dropped", error=str(error))
