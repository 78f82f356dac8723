"""Mails about the security of an account: what has just changed, so that its owner hears of what was not theirs."""

from sqlmodel import Session

from funmagic import paths
from funmagic.core.links import public_url
from funmagic.mail.service import MailKind, send_mail
from funmagic.models.base import utcnow
from funmagic.models.users import User


def send_notice(session: Session, user: User, kind: MailKind, *, to: str | None = None, **facts: str) -> None:
    """Mail a user what this transaction changes of their account; `to` where that is not the email they have."""
    facts |= {"name": user.name, "at": utcnow().isoformat(), "link": public_url(paths.FORGOT_PASSWORD)}
    send_mail(session, kind, to or user.email, locale=user.locale, **facts)
