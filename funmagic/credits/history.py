"""The history of a user's credits: the ledger's lines grouped into stories, newest first.

A task's hold and whatever became of it are one story, as are the two lines of a payment's dispute; every other line is
one by itself. A story stands where its newest line does, so that what has just happened is on top.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from funmagic.catalogue.registry import TOOL_KINDS
from funmagic.core.json import decode_cursor, encode_cursor
from funmagic.i18n.translate import _
from funmagic.models.billing import Payment
from funmagic.models.credits import CreditTransaction, TransactionType
from funmagic.models.tasks import FailureCode, Task
from funmagic.models.tools import Tool
from funmagic.sessions.viewer import Viewer

# Lines of these types tell one story where they name the same payment.
HOLDS = (TransactionType.RESERVATION, TransactionType.RELEASE)
# What a task's story has come to, the strongest word first.
OUTCOMES = (TransactionType.REFUND, TransactionType.USAGE, TransactionType.RELEASE, TransactionType.RESERVATION)


@dataclass(frozen=True)
class TaskFacts:
    """The run behind a story; `step_title` is empty for a tool that one run goes through as a whole."""

    id: str
    tool_slug: str
    tool_title: str
    step_title: str
    is_cancelled: bool
    is_deleted: bool


@dataclass(frozen=True)
class PaymentFacts:
    """The payment behind a story."""

    package_name: str
    amount_cents: int
    currency: str
    stripe_session_id: str | None


@dataclass(frozen=True)
class StoryLine:
    """One line of the ledger, as part of a story."""

    id: str
    type: str
    amount: int
    reserved_delta: int
    description: str
    created_at: datetime


@dataclass(frozen=True)
class Story:
    """Lines that belong together, the oldest first, and what they are about; `id` is its newest line's."""

    id: str
    # Stays the same while the story goes on.
    key: str
    lines: tuple[StoryLine, ...]
    task: TaskFacts | None = None
    payment: PaymentFacts | None = None

    @property
    def type(self) -> str:
        """What it has come to."""
        types = {line.type for line in self.lines}
        return next((outcome for outcome in OUTCOMES if outcome in types), self.lines[-1].type)

    @property
    def amount(self) -> int:
        """By how much it changed the balance."""
        return sum(line.amount for line in self.lines)

    @property
    def held(self) -> int:
        """How many credits it holds still."""
        return sum(line.reserved_delta for line in self.lines)

    def total(self, type_: TransactionType) -> int:
        """How many credits its lines of a type are about, whichever way they went."""
        return sum(abs(line.amount or line.reserved_delta) for line in self.lines if line.type == type_)


@dataclass(frozen=True)
class StoryPage:
    """Stories, newest first."""

    stories: list[Story]
    next_cursor: str | None


def list_stories(
    session: Session,
    viewer: Viewer,
    *,
    type_: TransactionType | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> StoryPage:
    """The viewer's stories, read by four statements; with a type, whole stories with at least one such line."""
    heads = session.exec(_heads(viewer, type_, decode_cursor(cursor)).limit(limit + 1)).all()
    shown = heads[:limit]
    lines = _gather_lines(session, viewer, shown)
    tasks = _find_tasks(session, {head.task_id for head in shown if head.task_id})
    payments = _find_payments(session, {head.payment_id for head in shown if head.payment_id})
    stories = [
        Story(
            id=head.id,
            key=_key(head),
            lines=tuple(lines.get(_key(head)) or [_line(head)]),
            task=tasks.get(head.task_id or ""),
            payment=payments.get(head.payment_id or ""),
        )
        for head in shown
    ]
    return StoryPage(stories, encode_cursor(shown[-1].id) if len(heads) > limit else None)


def _heads(viewer: Viewer, type_: TransactionType | None, before: str | None) -> Any:
    """The newest line of each story; with a type, the newest of that type."""
    line = CreditTransaction
    later = aliased(CreditTransaction)
    follows: list[Any] = [col(later.id) > col(line.id)]
    query = select(line).where(line.user_id == viewer.id)
    if type_ is not None:
        follows.append(col(later.type) == type_)
        query = query.where(line.type == type_)
    if before:
        query = query.where(col(line.id) < before)
    goes_on = sa.exists().where(col(later.task_id) == col(line.task_id), *follows)
    dispute_goes_on = sa.exists().where(
        col(later.payment_id) == col(line.payment_id), col(later.type).in_(HOLDS), *follows
    )
    return query.where(~goes_on, ~(col(line.type).in_(HOLDS) & dispute_goes_on)).order_by(col(line.id).desc())


def _gather_lines(session: Session, viewer: Viewer, heads: Sequence[CreditTransaction]) -> dict[str, list[StoryLine]]:
    """All lines of the stories that may have more than one, by the story's key."""
    task_ids = [head.task_id for head in heads if head.task_id]
    payment_ids = [head.payment_id for head in heads if head.payment_id and head.type in HOLDS]
    line = CreditTransaction
    of_disputes = col(line.payment_id).in_(payment_ids) & col(line.type).in_(HOLDS)
    query = select(line).where(line.user_id == viewer.id, col(line.task_id).in_(task_ids) | of_disputes)
    gathered: dict[str, list[StoryLine]] = {}
    for row in session.exec(query.order_by(col(line.id))):
        gathered.setdefault(_key(row), []).append(_line(row))
    return gathered


def _find_tasks(session: Session, ids: set[str]) -> dict[str, TaskFacts]:
    of_task = (Task.id, Tool.slug, Tool.title, Tool.kind, Task.step_id, Task.error_code, Task.deleted_at)
    query = sa.select(*map(col, of_task)).join(Tool, col(Tool.id) == col(Task.tool_id)).where(col(Task.id).in_(ids))
    return {
        id_: TaskFacts(
            id=id_,
            tool_slug=slug,
            tool_title=_(title),
            step_title=_step_title(kind, step_id),
            is_cancelled=error_code == FailureCode.CANCELLED,
            is_deleted=deleted_at is not None,
        )
        for id_, slug, title, kind, step_id, error_code, deleted_at in session.execute(query)
    }


def _step_title(kind: str, step_id: str | None) -> str:
    steps = TOOL_KINDS[kind].steps if kind in TOOL_KINDS else ()
    return next((_(step.title) for step in steps if step.id == step_id), "")


def _find_payments(session: Session, ids: set[str]) -> dict[str, PaymentFacts]:
    of_payment = (Payment.id, Payment.package_name, Payment.amount_cents, Payment.currency, Payment.stripe_session_id)
    query = sa.select(*map(col, of_payment)).where(col(Payment.id).in_(ids))
    return {id_: PaymentFacts(*facts) for id_, *facts in session.execute(query)}


def _key(line: CreditTransaction) -> str:
    if line.task_id:
        return line.task_id
    return f"dispute:{line.payment_id}" if line.payment_id and line.type in HOLDS else line.id


def _line(row: CreditTransaction) -> StoryLine:
    return StoryLine(row.id, row.type, row.amount, row.reserved_delta, row.description, row.created_at)
