"""`/api/admin/audit-log`: what was done with an admin's rights."""

from typing import Annotated

from fastapi import APIRouter, Query

from funmagic import paths
from funmagic.audit_log import service
from funmagic.audit_log.service import ActPage
from funmagic.core.db import reading
from funmagic.core.json import PAGE_LIMIT
from funmagic.http.callers import RequiredAdmin

router = APIRouter(prefix=paths.API_ADMIN_AUDIT_LOG, tags=["admin"])


@router.get("")
def list_acts(
    viewer: RequiredAdmin,  # noqa: ARG001 - asking for it is the guard
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 20,
    cursor: str | None = None,
) -> ActPage:
    """What admins, operators and the product itself wrote down, newest first."""
    with reading() as session:
        return service.list_acts(session, limit=limit, cursor=cursor)
