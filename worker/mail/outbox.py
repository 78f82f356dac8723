"""The statements of a mail's way out, each conditional: claim, sent, put off, given up."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from funmagic.models.base import db_time
from funmagic.models.mails import OutgoingMail

# Longer than any attempt may take: only then is a worker that vanished taken for dead.
LEASE_S = 90
# A mail just written down is left to the job that is being enqueued for it.
GRACE_S = 2
MOST_AT_ONCE = 100
LONGEST_ERROR = 500


@dataclass(frozen=True)
class Claim:
    """One attempt at a mail; its number is the fence against those before it."""

    mail_id: str
    attempt: int
    kind: str
    recipient: str
    sealed: str


def claim_mail(session: Session, mail_id: str) -> Claim | None:
    """Take a mail that is due; None when somebody has it, it has to wait, or it has left."""
    is_due = col(OutgoingMail.next_attempt_at) <= db_time()
    claimed = session.execute(
        sa.update(OutgoingMail)
        .where(col(OutgoingMail.id) == mail_id, is_due)
        .values(attempts=OutgoingMail.attempts + 1, next_attempt_at=db_time(LEASE_S))
        .returning(OutgoingMail.attempts, OutgoingMail.kind, OutgoingMail.recipient, OutgoingMail.sealed)  # type: ignore[call-overload]
    ).one_or_none()
    return None if claimed is None else Claim(mail_id, *claimed)


def mark_sent(session: Session, claim: Claim) -> None:
    """It has left: its words are gone, and it is never tried again."""
    _change(session, claim, sealed=None, next_attempt_at=None, sent_at=db_time(), error=None)


def put_off(session: Session, claim: Claim, *, seconds: float, error: str) -> None:
    """Have it tried again later."""
    _change(session, claim, next_attempt_at=db_time(seconds), error=error[:LONGEST_ERROR])


def give_up(session: Session, claim: Claim, *, error: str) -> None:
    """It will never leave: its words are gone, and what stood in the way is kept."""
    _change(session, claim, sealed=None, next_attempt_at=None, error=error[:LONGEST_ERROR])


def find_due_mails(session: Session) -> list[tuple[str, int]]:
    """The ids of mails whose time has come, and the number of the attempt that is next."""
    due = (
        select(OutgoingMail.id, OutgoingMail.attempts)
        .where(col(OutgoingMail.next_attempt_at) <= db_time(-GRACE_S))
        .order_by(col(OutgoingMail.next_attempt_at))
        .limit(MOST_AT_ONCE)
    )
    return [(mail_id, attempts + 1) for mail_id, attempts in session.exec(due)]


def _change(session: Session, claim: Claim, **columns: Any) -> None:
    is_ours = sa.and_(col(OutgoingMail.id) == claim.mail_id, col(OutgoingMail.attempts) == claim.attempt)
    session.execute(sa.update(OutgoingMail).where(is_ours).values(**columns))
