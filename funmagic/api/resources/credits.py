"""`/api/credits/*`: the balance and the ledger, of the viewer only."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from funmagic.core.db import reading
from funmagic.core.json import PAGE_LIMIT
from funmagic.credits import service
from funmagic.credits.export import export_lines
from funmagic.credits.views import Balance, TransactionPage
from funmagic.http.callers import RequiredViewer
from funmagic.models.credits import TransactionType

router = APIRouter(prefix="/api/credits", tags=["credits"])


@router.get("/balance")
def get_balance(viewer: RequiredViewer) -> Balance:
    """The viewer's credits."""
    with reading() as session:
        return service.get_balance(session, viewer)


@router.get("/transactions")
def list_transactions(
    viewer: RequiredViewer,
    type: TransactionType | None = None,  # noqa: A002 - the contract's own name
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 20,
    cursor: str | None = None,
) -> TransactionPage:
    """The viewer's ledger lines, newest first."""
    with reading() as session:
        return service.list_transactions(session, viewer, type_=type, limit=limit, cursor=cursor)


@router.get("/transactions.csv", response_class=StreamingResponse, responses={200: {"content": {"text/csv": {}}}})
def export_transactions(
    viewer: RequiredViewer,
    type: TransactionType | None = None,  # noqa: A002 - the contract's own name
) -> StreamingResponse:
    """All of the viewer's ledger lines as a table for spreadsheets, newest first."""
    headers = {"Content-Disposition": 'attachment; filename="funmagic-credits.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(export_lines(viewer, type), media_type="text/csv", headers=headers)
