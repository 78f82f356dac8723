"""The audit: every figure of the books is added up anew and compared with what is stored."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from funmagic.audit_log.service import record_act
from funmagic.credits.audited_books import BOOKS, Book
from funmagic.models.audit_log import AuditEntry

ACTION = "credits.audit"
SUBJECT = ("books", "credits")


@dataclass(frozen=True)
class Discrepancy:
    """One thing in the books that is not as it must be: what it concerns, what it should be, and what it is."""

    subject: str
    subject_id: str
    user_id: str
    problem: str
    expected: Any
    found: Any

    def __str__(self) -> str:
        owner = "" if self.subject == "user" else f" of user {self.user_id}"
        return f"{self.subject} {self.subject_id}{owner}: {self.problem}"


@dataclass(frozen=True)
class LastAudit:
    """When the books were last audited, and how many discrepancies were found."""

    at: datetime
    discrepancies: int


def audit_credits(session: Session) -> list[Discrepancy]:
    """Everything in the books that is not as it must be; an empty list proves them.

    While tasks run and people pay the session must be a `db.snapshot()`: each book is read by a query of its own.
    """
    return [discrepancy for book in BOOKS for discrepancy in _find_discrepancies(session, book)]


def record_audit(session: Session, discrepancies: int) -> None:
    """Record in the audit log that the books were audited just now, and how much was wrong."""
    record_act(session, None, ACTION, SUBJECT, discrepancies=discrepancies)


def find_last_audit(session: Session) -> LastAudit | None:
    """The newest audit that was written down."""
    audits = select(AuditEntry).where(AuditEntry.subject_type == SUBJECT[0], AuditEntry.subject_id == SUBJECT[1])
    entry = session.exec(audits.order_by(col(AuditEntry.id).desc()).limit(1)).first()
    return LastAudit(entry.created_at, entry.details["discrepancies"]) if entry else None


def _find_discrepancies(session: Session, book: Book) -> Iterator[Discrepancy]:
    facts = [fact for check in book.checks for fact in (check.is_wrong, check.expected, check.found)]
    # Labelled by their place: the same column may be a fact of several checks.
    labelled = [sa.type_coerce(fact, fact.type).label(f"fact_{place}") for place, fact in enumerate(facts)]
    query = sa.select(book.subject_id.label("subject_id"), book.user_id.label("user_id"), *labelled)
    wrong = sa.or_(*(check.is_wrong for check in book.checks))
    for row in session.execute(query.select_from(book.rows).where(wrong)):
        for place, check in enumerate(book.checks):
            is_wrong, expected, found = row[2 + 3 * place : 5 + 3 * place]
            if is_wrong:
                problem = check.says.format(expected=expected, found=found)
                yield Discrepancy(book.subject, row.subject_id, row.user_id, problem, expected, found)
