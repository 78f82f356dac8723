"""`/api/admin/audit-log`: what was done with an admin's rights."""

from typing import Annotated

from fastapi import APIRouter, Query

from funmagic import paths
from funmagic.accounts.http import RequiredAdmin
from funmagic.audit import service
from funmagic.audit.service import ActPage
from funmagic.db import reading
from funmagic.json_api import PAGE_LIMIT

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
