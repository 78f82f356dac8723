"""Handing a mail in at the mail server."""

import smtplib
import ssl
import time
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from funmagic.core.mail_server import MailServer
from funmagic.core.settings import get_settings
from funmagic.mail.render import RenderedMail
from funmagic.models.base import utcnow

TIMEOUT_S = 10.0
# A server that hangs would cost every waiting mail its timeout, and runs wait behind mails.
PAUSE_S = 20.0
PERMANENT = range(500, 600)
NEEDS_SIGN_IN = 530


class MailRefused(smtplib.SMTPResponseException):
    """The server will not take this mail for this recipient, however often it is asked."""


class ServerSilent(Exception):
    """The server let us wait in vain a moment ago; it is not asked again so soon."""


class Patience:
    """Remembers, in this process, for how long a server that hung is left alone."""

    def __init__(self) -> None:
        self._silent_until = float("-inf")

    def insist(self) -> None:
        """Raise ServerSilent while the server is left alone."""
        if time.monotonic() < self._silent_until:
            raise ServerSilent("the mail server did not answer in time a moment ago")

    def lose(self) -> None:
        """Leave the server alone for a while."""
        self._silent_until = time.monotonic() + PAUSE_S


patience = Patience()


def hand_in(server: MailServer, mail_id: str, to: str, mail: RenderedMail) -> None:
    """Give one mail to the server; raises MailRefused, ServerSilent, OSError or SMTPException."""
    patience.insist()
    message = _compose(mail_id, to, mail)
    started_at = time.monotonic()
    try:
        _send(server, message, to)
    except (OSError, smtplib.SMTPException) as error:
        if time.monotonic() - started_at >= TIMEOUT_S:  # smtplib wraps a timeout in other errors, too
            patience.lose()
        if refusal := _find_refusal(error):
            raise refusal from error
        raise


def _compose(mail_id: str, to: str, mail: RenderedMail) -> EmailMessage:
    name, sender = parseaddr(get_settings().mail_from)
    message = EmailMessage()
    message["From"] = Address(display_name=name, addr_spec=sender)
    message["To"] = Address(addr_spec=to)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(utcnow())
    # The same at every attempt: a mail whose receipt got lost on the way back is recognised as the same.
    message["Message-ID"] = f"<{mail_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def _send(server: MailServer, message: EmailMessage, to: str) -> None:
    sender = parseaddr(get_settings().mail_from)[1]
    connection = _connect(server)
    try:
        _greet(connection, server)
        connection.send_message(message, sender, [to])
    finally:
        # Once the server has taken the mail, a farewell that fails must not have it sent again.
        with suppress(OSError, smtplib.SMTPException):
            connection.quit()
        connection.close()


def _connect(server: MailServer) -> smtplib.SMTP:
    if server.uses_tls:
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)


def _greet(connection: smtplib.SMTP, server: MailServer) -> None:
    connection.ehlo_or_helo_if_needed()
    if not server.uses_tls and (server.must_start_tls or connection.has_extn("starttls")):
        connection.starttls(context=ssl.create_default_context())
    if server.user:
        connection.login(server.user, server.password)


def _find_refusal(error: Exception) -> MailRefused | None:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        refusal = MailRefused(*next(iter(error.recipients.values())))
    elif isinstance(error, smtplib.SMTPDataError):
        refusal = MailRefused(error.smtp_code, error.smtp_error)
    else:
        return None
    return refusal if refusal.smtp_code in PERMANENT and refusal.smtp_code != NEEDS_SIGN_IN else None
