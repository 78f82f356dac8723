"""Mail as its recipients see it: what is due is sent in this process, and read as `/dev/mailbox.json` gives it."""

import re
from typing import Any

from sqlmodel import col, select

from funmagic.core.db import reading
from funmagic.mail.mailbox.store import clear_mails, list_mails
from funmagic.models.base import db_time
from funmagic.models.mails import OutgoingMail
from worker.mail.sending import send_mail

Message = dict[str, Any]
LINK = re.compile(r"^https?://\S+$", re.MULTILINE)


class Mailbox:
    """Everybody's mail on this machine."""

    def __init__(self) -> None:
        clear_mails()

    def messages(self, to: str | None = None) -> list[Message]:
        """All mails, or one person's, newest first; sends what is due."""
        send_due_mails()
        mails = [mail.model_dump(by_alias=True) for _, mail in list_mails()]
        return [mail for mail in mails if to in (None, mail["to"])]

    def newest(self, to: str | None = None) -> Message:
        """The mail that came last; fails when there is none."""
        messages = self.messages(to)
        assert messages, f"no mail for {to or 'anybody'}"
        return messages[0]


def link_in(message: Message) -> str:
    """The one address that a mail's button leads to."""
    return LINK.search(message["text"])[0]


def send_due_mails() -> None:
    """Do the mail jobs of everything that is due."""
    with reading() as session:
        is_due = col(OutgoingMail.next_attempt_at) <= db_time()
        mail_ids = session.exec(select(OutgoingMail.id).where(is_due).order_by(OutgoingMail.id)).all()
    for mail_id in mail_ids:
        send_mail(mail_id)
