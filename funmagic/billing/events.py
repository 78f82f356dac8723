"""Stripe's events: each is applied once, in one transaction with all that follows from it.

Locks are always taken in this order: the event, the payment intent, the payment, the credit account.
"""

import time
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, ValidationError
from sqlmodel import Session
from stripe import SignatureVerificationError, Webhook, WebhookSignature

from funmagic.billing.effects import apply_event, link_intent, link_session
from funmagic.billing.errors import InvalidSignature, PaymentsNotSetUp
from funmagic.billing.payments import lock_by_intent, lock_by_session
from funmagic.billing.stripe.facts import EVENT_TYPES, id_of, pick_facts
from funmagic.core.errors import InvalidInput
from funmagic.core.settings import get_settings
from funmagic.models.base import locked_until_commit, utcnow
from funmagic.models.billing import StripeEvent

SESSION_EVENTS = "checkout.session."


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


class EventData(BaseModel):
    """The session, charge, refund or dispute that an event is about."""

    object: dict[str, Any]


class Event(BaseModel):
    """An event in the form Stripe sends it."""

    id: str
    type: str
    created: int
    data: EventData


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
    """Apply an event, unless that was done before; one of a type that changes nothing is only written down."""
    session.execute(sa.select(locked_until_commit(sa.literal(f"stripe-event:{event.id}"))))
    if session.get(StripeEvent, event.id) is not None:
        return EventOutcome.REPEATED
    row = StripeEvent(
        id=event.id,
        type=event.type,
        happened_at=datetime.fromtimestamp(event.created, UTC),
        received_at=utcnow(),
    )
    session.add(row)
    if event.type not in EVENT_TYPES:
        return EventOutcome.UNUSED
    row.facts = pick_facts(event.data.object)
    row.stripe_payment_intent_id = id_of(row.facts.get("payment_intent"))
    _apply_to_payment(session, row)
    return EventOutcome.ACTED_ON if row.payment_id else EventOutcome.NOT_OURS


def _apply_to_payment(session: Session, event: StripeEvent) -> None:
    is_session = event.type.startswith(SESSION_EVENTS)
    payment = lock_by_session(session, event.facts) if is_session else lock_by_intent(session, event.facts)
    if payment is None:
        return
    event.payment_id = payment.id
    if is_session:
        link_session(session, payment, event.facts)
    else:
        link_intent(session, payment, event.facts)
    apply_event(session, payment, event)


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
