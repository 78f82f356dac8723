"""Mails on their way out: written down, looked at, and moved in time."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from funmagic.core.db import reading, transaction
from funmagic.mail.service import MailKind, send_mail
from funmagic.models.base import db_time, utcnow
from funmagic.models.mails import OutgoingMail

LINK = "https://magic.example/go?token=the-secret-link"


def write_down(to: str = "alice@example.com", kind: MailKind = MailKind.MAGIC_LINK, **values: str) -> str:
    """A mail that is to be sent; returns its id."""
    with transaction() as session:
        send_mail(session, kind, to, link=LINK, **values)
        return session.exec(select(OutgoingMail.id).order_by(col(OutgoingMail.id).desc())).first()


def load_mail(mail_id: str) -> OutgoingMail:
    """The mail's row as it is now."""
    with reading() as session:
        return session.get_one(OutgoingMail, mail_id)


def change_mail(mail_id: str, **columns: Any) -> None:
    """Change a mail's row behind the worker's back; times are given as db_time()."""
    with transaction() as session:
        session.execute(sa.update(OutgoingMail).where(col(OutgoingMail.id) == mail_id).values(**columns))


def make_mail_due(mail_id: str) -> None:
    """The time to try a mail has come, or the lease of whoever tried it has run out."""
    change_mail(mail_id, next_attempt_at=db_time(-10))


def seconds_to_wait(mail_id: str) -> float:
    """How long until a mail is tried again."""
    return (load_mail(mail_id).next_attempt_at - utcnow()).total_seconds()


def about(seconds: float) -> Any:
    """So many seconds, on a machine that may be busy."""
    return pytest.approx(seconds, abs=8)
