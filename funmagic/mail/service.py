"""Mail: what is to be sent is written down with the change it tells of, and leaves by a worker's job."""

import json
from datetime import timedelta
from enum import StrEnum
from functools import partial

import sqlalchemy as sa
import structlog
from sqlmodel import Session, col

from funmagic.core.crypto import encrypt
from funmagic.core.db import after_commit
from funmagic.core.queues import enqueue_mail
from funmagic.core.telemetry.counters import MAILS, MailOutcome, count
from funmagic.i18n.translate import current_locale
from funmagic.models.base import db_time, locked_until_commit, new_id, utcnow
from funmagic.models.mails import OutgoingMail

log = structlog.get_logger()

SEALED = "sealed"
MOST_PER_ADDRESS = 3
WINDOW_S = 600
KEPT = timedelta(days=30)


class MailKind(StrEnum):
    """The mails there are; what each says stands in `mail/letters.py`."""

    MAGIC_LINK = "magic-link"
    VERIFY_EMAIL = "verify-email"
    RESET_PASSWORD = "reset-password"
    NO_ACCOUNT = "no-account"
    HAS_ACCOUNT = "has-account"
    LEAVE_EMAIL = "leave-email"
    CLAIM_EMAIL = "claim-email"
    EMAIL_CHANGED = "email-changed"
    EMAIL_LEFT = "email-left"
    PASSWORD_SET = "password-set"
    PASSWORD_CHANGED = "password-changed"
    WAY_IN_ADDED = "way-in-added"
    WAY_IN_REMOVED = "way-in-removed"
    PASSWORD_CLEARED = "password-cleared"
    RECEIPT = "receipt"


# What nobody can have sent without paying is neither counted nor dropped.
UNLIMITED = (MailKind.RECEIPT,)
# Only who is in an account brings these about. They are counted by themselves: asking for an address's other mails
# must not keep it from hearing that its account was changed.
NOTICES = (
    MailKind.EMAIL_CHANGED,
    MailKind.EMAIL_LEFT,
    MailKind.PASSWORD_SET,
    MailKind.PASSWORD_CHANGED,
    MailKind.WAY_IN_ADDED,
    MailKind.WAY_IN_REMOVED,
    MailKind.PASSWORD_CLEARED,
)
MOST_NOTICES = 10


def may_mail(session: Session, kind: MailKind, to: str) -> bool:
    """Whether this address may get another mail now; the answer holds until this transaction ends.

    To be asked before a link is made: where no mail would leave, the link that was mailed last must stay good, or
    anybody could make a person's links worthless by asking for more of them.
    """
    if kind in UNLIMITED:
        return True
    session.execute(sa.select(locked_until_commit(sa.literal(f"mail:{to}"))))
    is_notice = kind in NOTICES
    counted = col(OutgoingMail.kind).in_(NOTICES) if is_notice else col(OutgoingMail.kind).not_in(UNLIMITED + NOTICES)
    recent = sa.select(sa.func.count()).where(
        col(OutgoingMail.recipient) == to, col(OutgoingMail.created_at) > db_time(-WINDOW_S), counted
    )
    if session.execute(recent).scalar_one() < (MOST_NOTICES if is_notice else MOST_PER_ADDRESS):
        return True
    log.info("mail_dropped", kind=kind)
    count(MAILS, kind, MailOutcome.DROPPED)
    return False


def send_mail(session: Session, kind: MailKind, to: str, *, locale: str | None = None, **values: str) -> None:
    """Have a mail sent once this transaction has committed; without a locale, in the language in force.

    More than an address may get is dropped, and nobody is told.
    """
    if not may_mail(session, kind, to):
        return
    mail_id = new_id()
    words = json.dumps({"locale": locale or current_locale(), "values": values})
    sealed = encrypt(words, table=OutgoingMail.__tablename__, row_id=mail_id, field=SEALED)
    row = {"id": mail_id, "recipient": to, "kind": kind, "sealed": sealed, "attempts": 0}
    session.execute(sa.insert(OutgoingMail).values(created_at=db_time(), next_attempt_at=db_time(), **row))
    after_commit(session, partial(enqueue_mail, mail_id, 1))


def sweep_mails(session: Session) -> None:
    """Drop what was sent or given up long ago."""
    session.execute(
        sa.delete(OutgoingMail).where(
            col(OutgoingMail.created_at) < utcnow() - KEPT, col(OutgoingMail.next_attempt_at).is_(None)
        )
    )
