"""The ledger as a table for spreadsheets: written as it is read, however long it is."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC

from sqlmodel import Session, col, select

from funmagic.core.db import reading
from funmagic.models.billing import Payment
from funmagic.models.credits import CreditTransaction, TransactionType
from funmagic.models.tasks import Task
from funmagic.models.tools import Tool
from funmagic.sessions.viewer import Viewer

LINES_AT_ONCE = 500
COLUMNS = (
    "Date (UTC)",
    "Type",
    "Amount",
    "Held",
    "Balance after",
    "Held after",
    "Description",
    "Tool",
    "Task",
    "Package",
    "Payment",
)
# A spreadsheet takes a cell that begins so for a formula.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")
Row = tuple[str | int, ...]


def export_lines(viewer: Viewer, type_: TransactionType | None = None) -> Iterator[str]:
    """The viewer's ledger as CSV, newest first, piece by piece; it reads by itself, a few hundred lines at a time."""
    yield _write([COLUMNS])
    before = ""
    while True:
        with reading() as session:
            rows, before = _read(session, viewer, type_, before)
        if rows:
            yield _write(rows)
        if len(rows) < LINES_AT_ONCE:
            return


def _read(session: Session, viewer: Viewer, type_: TransactionType | None, before: str) -> tuple[list[Row], str]:
    line = CreditTransaction
    query = (
        select(line, Tool.title, Payment.package_name)
        .outerjoin(Task, col(Task.id) == col(line.task_id))
        .outerjoin(Tool, col(Tool.id) == col(Task.tool_id))
        .outerjoin(Payment, col(Payment.id) == col(line.payment_id))
        .where(line.user_id == viewer.id)
    )
    if type_ is not None:
        query = query.where(line.type == type_)
    if before:
        query = query.where(col(line.id) < before)
    found = session.exec(query.order_by(col(line.id).desc()).limit(LINES_AT_ONCE)).all()
    rows = [_row(row, tool or "", package or "") for row, tool, package in found]
    return rows, found[-1][0].id if found else ""


def _row(line: CreditTransaction, tool: str, package: str) -> Row:
    figures = (line.amount, line.reserved_delta, line.balance_after, line.reserved_after)
    at = line.created_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    words = (line.description, tool, line.task_id or "", package, line.payment_id or "")
    return (at, line.type, *figures, *map(_as_text, words))


def _as_text(words: str) -> str:
    return f"'{words}" if words.lstrip(" ").startswith(FORMULA_SIGNS) else words


def _write(rows: Sequence[Row]) -> str:
    table = io.StringIO()
    csv.writer(table).writerows(rows)
    return table.getvalue()
