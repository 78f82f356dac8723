"""A mail's way out: claimed, written in the recipient's language, handed in; tried again when that fails."""

import json

import structlog

from funmagic.core.crypto import decrypt
from funmagic.core.db import reading, transaction
from funmagic.core.queues import QueueName, enqueue_mail, waiting_ids
from funmagic.core.settings import get_settings
from funmagic.core.telemetry.counters import MAILS, MailOutcome, count
from funmagic.mail.mailbox.store import store_mail
from funmagic.mail.render import RenderedMail, render_mail
from funmagic.mail.service import SEALED, MailKind
from funmagic.models.mails import OutgoingMail
from worker.mail import outbox
from worker.mail.outbox import Claim
from worker.mail.smtp import MailRefused, hand_in

log = structlog.get_logger()

# Seconds to wait after the first failure, the second …; the one after the last wait is final.
BACKOFF_S = (10, 60, 300, 1800)
MOST_ATTEMPTS = len(BACKOFF_S) + 1


class WorkerLost(Exception):
    """The worker that made the last attempt died during it."""


def send_mail(mail_id: str) -> None:
    """Try to send one mail; once it has left, or was refused for good, it is never tried again."""
    with transaction() as session:
        claim = outbox.claim_mail(session, mail_id)
    if claim is None:
        log.info("mail_not_claimed", mail_id=mail_id)
        return
    try:
        _deliver(claim)
    except Exception as error:  # noqa: BLE001 - whatever it is, the mail is tried again or given up
        _fail(claim, error)
    else:
        with transaction() as session:
            outbox.mark_sent(session, claim)
        count(MAILS, claim.kind, MailOutcome.SENT)
        log.info("mail_sent", mail_id=mail_id, kind=claim.kind, attempt=claim.attempt)


def wake_due_mails() -> None:
    """Put a job on the queue for every mail that is due and has none there: put off, or lost on the way."""
    with reading() as session:
        due = outbox.find_due_mails(session)
    on_queue = waiting_ids(QueueName.MAIL) if due else set()
    for mail_id, attempt in due:
        if mail_id not in on_queue:
            enqueue_mail(mail_id, attempt)


def _deliver(claim: Claim) -> None:
    if claim.attempt > MOST_ATTEMPTS:
        raise WorkerLost
    mail = _render(claim)
    if server := get_settings().mail_server:
        hand_in(server, claim.mail_id, claim.recipient, mail)
    else:
        store_mail(claim.mail_id, to=claim.recipient, subject=mail.subject, text=mail.text, html=mail.html)


def _render(claim: Claim) -> RenderedMail:
    table = str(OutgoingMail.__tablename__)
    words = json.loads(decrypt(claim.sealed, table=table, row_id=claim.mail_id, field=SEALED))
    return render_mail(MailKind(claim.kind), words["locale"], words["values"])


def _fail(claim: Claim, error: Exception) -> None:
    is_final = isinstance(error, MailRefused) or claim.attempt >= MOST_ATTEMPTS
    with transaction() as session:
        if is_final:
            outbox.give_up(session, claim, error=repr(error))
        else:
            outbox.put_off(session, claim, seconds=BACKOFF_S[claim.attempt - 1], error=repr(error))
    outcome = MailOutcome.GIVEN_UP if is_final else MailOutcome.PUT_OFF
    count(MAILS, claim.kind, outcome)
    log.warning(
        "mail_failed",
        outcome=outcome,
        mail_id=claim.mail_id,
        kind=claim.kind,
        attempt=claim.attempt,
        # Not its words, which may name the recipient: those are in the row.
        reason=type(error).__name__,
        code=getattr(error, "smtp_code", None),
    )
