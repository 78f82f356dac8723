"""What Stripe tells us: each event once, in one transaction with all that follows from it.

Locks are always taken in this order: the event, the payment intent, the payment, the credit account.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
import structlog
from pydantic import BaseModel, ValidationError
from sqlmodel import Session, col, select
from stripe import SignatureVerificationError, Webhook, WebhookSignature

from funmagic.billing import payments
from funmagic.billing.errors import PaymentsNotSetUp
from funmagic.billing.returns import note_returns
from funmagic.billing.stripe.facts import dispute_of, keep, refund_of, refunds_of_charge, totals_of
from funmagic.core.errors import InvalidInput
from funmagic.core.settings import get_settings
from funmagic.i18n.translate import N_
from funmagic.models.base import locked_until_commit, utcnow
from funmagic.models.billing import Payment, PaymentStatus, StripeEvent

log = structlog.get_logger()

SESSION_EVENTS = "checkout.session."
# Ours in the metadata of a session and its payment.
PAYMENT_ID = "payment_id"


class EventOutcome(StrEnum):
    """What became of an event."""

    ACTED_ON = "acted_on"
    # Its payment is not known, or not yet.
    NOT_OURS = "not_ours"
    UNUSED = "unused"
    REPEATED = "repeated"
    # Stripe sends it again.
    FAILED = "failed"
    REFUSED = "refused"


class InvalidSignature(InvalidInput):
    """The event was not signed by Stripe with one of our secrets, or long ago."""

    code = "INVALID_SIGNATURE"
    text = N_("The signature of this event does not fit.")


class _About(BaseModel):
    object: dict[str, Any]


class Event(BaseModel):
    """An event in the form Stripe sends it."""

    id: str
    type: str
    created: int
    data: _About


def read_event(body: bytes, signature: str) -> Event:
    """The event of a webhook's raw body, once its signature fits one of our secrets; raises InvalidSignature."""
    secrets = get_settings().stripe_signing_secrets
    if not secrets:
        raise PaymentsNotSetUp
    if not any(_is_signed(body, signature, secret) for secret in secrets):
        raise InvalidSignature
    try:
        return Event.model_validate_json(body)
    except ValidationError:
        raise InvalidInput from None


def receive_event(session: Session, event: Event) -> EventOutcome:
    """Act on an event, unless that was done before; a type that we do not act on is only written down."""
    session.execute(sa.select(locked_until_commit(sa.literal(f"stripe-event:{event.id}"))))
    if session.get(StripeEvent, event.id) is not None:
        return EventOutcome.REPEATED
    heard = StripeEvent(
        id=event.id,
        type=event.type,
        happened_at=datetime.fromtimestamp(event.created, UTC),
        received_at=utcnow(),
        facts=_kept(event.data.object) if event.type in HANDLERS else {},
    )
    heard.stripe_payment_intent_id = id_of(heard.facts.get("payment_intent"))
    session.add(heard)
    if event.type not in HANDLERS:
        return EventOutcome.UNUSED
    _act(session, heard)
    return EventOutcome.ACTED_ON if heard.payment_id else EventOutcome.NOT_OURS


def find_for_update(session: Session, facts: Mapping[str, Any], *, is_session: bool) -> Payment | None:
    """The payment that an object at Stripe belongs to, held; None when it is not, or not yet, one of ours.

    Takes the lock of its payment intent first, so that nobody writes down an event for it as unknown meanwhile.
    """
    intent = id_of(facts.get("payment_intent"))
    if intent:
        session.execute(sa.select(locked_until_commit(sa.literal(f"stripe-intent:{intent}"))))
    named = (facts.get("metadata") or {}).get(PAYMENT_ID) or facts.get("client_reference_id")
    terms = [Payment.id == named] if named else []
    terms += [Payment.stripe_payment_intent_id == intent] if intent else []
    terms += [Payment.stripe_session_id == facts["id"]] if is_session else []
    found = session.exec(select(Payment).where(sa.or_(False, *terms)).with_for_update()).all()
    payment = found[0] if len(found) == 1 else None
    if payment and not _is_of(payment, facts["id"] if is_session else None, None if is_session else intent):
        payment = None
    if payment is None and found:
        # Money may have come for it: somebody has to look.
        log.error("stripe_object_contradicts", object_id=facts["id"], payments=[one.id for one in found])
    return payment


def adopt_ids(session: Session, payment: Payment, facts: Mapping[str, Any], *, is_session: bool) -> None:
    """Learn what the payment is called at Stripe, and act on what was heard under that name before."""
    if is_session and payment.stripe_session_id is None:
        payment.stripe_session_id = facts["id"]
    intent = id_of(facts.get("payment_intent"))
    if not intent or payment.stripe_payment_intent_id is not None:
        return
    payment.stripe_payment_intent_id = intent
    waiting = select(StripeEvent).where(
        StripeEvent.stripe_payment_intent_id == intent, col(StripeEvent.payment_id).is_(None)
    )
    for heard in session.exec(waiting.order_by(col(StripeEvent.happened_at))).all():
        heard.payment_id = payment.id
        HANDLERS[heard.type](session, payment, heard)


def id_of(reference: Any) -> str | None:
    """The id of an object at Stripe that is named, or given whole."""
    return reference.get("id") if isinstance(reference, dict) else reference


def _is_signed(body: bytes, signature: str, secret: str) -> bool:
    # Only then can the signatures be compared.
    if not signature.isascii():
        return False
    try:
        WebhookSignature.verify_header(body.decode(), signature, secret, Webhook.DEFAULT_TOLERANCE)
    except (SignatureVerificationError, UnicodeDecodeError):
        return False
    # Stripe's own check lets through what will only be signed tomorrow, and would then be good until long after.
    signed_at = next(part.split("=")[1] for part in signature.split(",") if part.startswith("t="))
    return int(signed_at) - time.time() <= Webhook.DEFAULT_TOLERANCE


def _kept(about: dict[str, Any]) -> dict[str, Any]:
    facts = keep(about)
    ours = (about.get("metadata") or {}).get(PAYMENT_ID)
    return facts | ({"metadata": {PAYMENT_ID: ours}} if ours else {})


def _is_of(payment: Payment, session_id: str | None, intent: str | None) -> bool:
    """Whether what is known of the payment's names at Stripe does not contradict these."""
    has_session = session_id is None or payment.stripe_session_id in (None, session_id)
    return has_session and (intent is None or payment.stripe_payment_intent_id in (None, intent))


def _act(session: Session, heard: StripeEvent) -> None:
    is_session = heard.type.startswith(SESSION_EVENTS)
    payment = find_for_update(session, heard.facts, is_session=is_session)
    if payment is None:
        return
    heard.payment_id = payment.id
    adopt_ids(session, payment, heard.facts, is_session=is_session)
    HANDLERS[heard.type](session, payment, heard)


def _checkout_completed(session: Session, payment: Payment, heard: StripeEvent) -> None:
    if heard.facts.get("payment_status") == "unpaid":
        payments.note_status(session, payment, PaymentStatus.PENDING)
    else:
        _paid(session, payment, heard)


def _paid(session: Session, payment: Payment, heard: StripeEvent) -> None:
    payments.note_paid(session, payment, totals_of(heard.facts))


def _payment_failed(session: Session, payment: Payment, _heard: StripeEvent) -> None:
    payments.note_status(session, payment, PaymentStatus.FAILED)


def _checkout_expired(session: Session, payment: Payment, _heard: StripeEvent) -> None:
    payments.note_status(session, payment, PaymentStatus.EXPIRED)


def _charge_refunded(session: Session, payment: Payment, heard: StripeEvent) -> None:
    charge = heard.facts
    note_returns(
        session,
        payment,
        charged=totals_of(charge),
        refunds=refunds_of_charge(charge),
        refunded_sum=charge.get("amount_refunded"),
    )


def _refund(session: Session, payment: Payment, heard: StripeEvent) -> None:
    note_returns(session, payment, refunds=[refund_of(heard.facts, heard.type)])


def _dispute(session: Session, payment: Payment, heard: StripeEvent) -> None:
    note_returns(session, payment, disputes=[dispute_of(heard.facts, heard.type)])


HANDLERS: dict[str, Callable[[Session, Payment, StripeEvent], None]] = {
    "checkout.session.completed": _checkout_completed,
    "checkout.session.async_payment_succeeded": _paid,
    "checkout.session.async_payment_failed": _payment_failed,
    "checkout.session.expired": _checkout_expired,
    # One refund: what its status says counts, whichever of these brings it. The last is what some ways to pay send.
    "refund.created": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    "charge.refund.updated": _refund,
    # The sum of all of them, for endpoints that are not sent the others.
    "charge.refunded": _charge_refunded,
    "charge.dispute.created": _dispute,
    "charge.dispute.updated": _dispute,
    "charge.dispute.closed": _dispute,
    "charge.dispute.funds_withdrawn": _dispute,
    "charge.dispute.funds_reinstated": _dispute,
}
