"""`/api/admin/settings`: the rate limits and tiers, for super admins."""

import structlog
from fastapi import APIRouter

from funmagic import paths
from funmagic.core.db import reading, transaction
from funmagic.http.callers import RequiredSuperAdmin
from funmagic.rate_limits import service
from funmagic.rate_limits.config import RateLimits, RateLimitsChange

log = structlog.get_logger()

router = APIRouter(prefix=paths.API_ADMIN_SETTINGS, tags=["admin"])


@router.get("")
def get_settings(viewer: RequiredSuperAdmin) -> RateLimits:  # noqa: ARG001 - asking for it is the guard
    """The limits and tiers in force."""
    with reading() as session:
        return service.get_rate_limits(session)


@router.put("")
def change_settings(body: RateLimitsChange, viewer: RequiredSuperAdmin) -> RateLimits:
    """Change some of them; what is absent stays."""
    with transaction() as session:
        limits = service.change_settings(session, body)
    log.info("rate_limits_changed", actor=viewer.id, change=body.model_dump(by_alias=True, exclude_none=True))
    return limits
