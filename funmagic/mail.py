"""Mail: what is to be sent is written down with the change it tells of, and leaves by a worker's job."""

import json
from enum import StrEnum

from sqlmodel import Session

from funmagic.crypto import encrypt
from funmagic.i18n.translate import current_locale
from funmagic.models.base import new_id, utcnow
from funmagic.models.mails import OutgoingMail


class MailKind(StrEnum):
    """The mails there are."""

    MAGIC_LINK = "magic-link"
    VERIFY_EMAIL = "verify-email"
    RESET_PASSWORD = "reset-password"
    NO_ACCOUNT = "no-account"
    HAS_ACCOUNT = "has-account"


def send_mail(session: Session, kind: MailKind, to: str, *, locale: str | None = None, **values: str) -> None:
    """Have a mail sent once this transaction has committed; without a locale, in the language in force."""
    mail_id = new_id()
    words = json.dumps({"locale": locale or current_locale(), "values": values})
    sealed = encrypt(words, table=OutgoingMail.__tablename__, row_id=mail_id, field="sealed")
    session.add(OutgoingMail(id=mail_id, recipient=to, kind=kind, sealed=sealed, next_attempt_at=utcnow()))
