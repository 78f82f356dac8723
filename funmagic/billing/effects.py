"""What each event of Stripe's does to its payment, and the names at Stripe by which a payment is known."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session, col, select

from funmagic.billing.payments import apply_paid, record_status_and_settle
from funmagic.billing.returns import apply_returns
from funmagic.billing.stripe.facts import EventType, dispute_of, id_of, refund_of, refunds_of_charge, totals_of
from funmagic.models.billing import Payment, PaymentStatus, StripeEvent


def apply_event(session: Session, payment: Payment, event: StripeEvent) -> None:
    """Do to the payment, whose row is locked, what the event says; doing it again changes nothing."""
    facts = event.facts
    match EventType(event.type):
        case EventType.SESSION_COMPLETED if facts.get("payment_status") == "unpaid":
            record_status_and_settle(session, payment, PaymentStatus.PENDING)
        case EventType.SESSION_COMPLETED | EventType.SESSION_ASYNC_SUCCEEDED:
            apply_paid(session, payment, totals_of(facts))
        case EventType.SESSION_ASYNC_FAILED:
            record_status_and_settle(session, payment, PaymentStatus.FAILED)
        case EventType.SESSION_EXPIRED:
            record_status_and_settle(session, payment, PaymentStatus.EXPIRED)
        case EventType.CHARGE_REFUNDED:
            apply_returns(
                session,
                payment,
                charged=totals_of(facts),
                refunds=refunds_of_charge(facts),
                refunded_sum=facts.get("amount_refunded"),
            )
        case (
            EventType.REFUND_CREATED
            | EventType.REFUND_UPDATED
            | EventType.REFUND_FAILED
            | EventType.CHARGE_REFUND_UPDATED
        ):
            apply_returns(session, payment, refunds=[refund_of(facts, event.type)])
        case (
            EventType.DISPUTE_CREATED
            | EventType.DISPUTE_UPDATED
            | EventType.DISPUTE_CLOSED
            | EventType.DISPUTE_WITHDRAWN
            | EventType.DISPUTE_REINSTATED
        ):
            apply_returns(session, payment, disputes=[dispute_of(facts, event.type)])


def link_session(session: Session, payment: Payment, hosted: Mapping[str, Any]) -> None:
    """Record which checkout session a payment has, and with it the session's payment intent."""
    if payment.stripe_session_id is None:
        payment.stripe_session_id = hosted["id"]
    link_intent(session, payment, hosted)


def link_intent(session: Session, payment: Payment, facts: Mapping[str, Any]) -> None:
    """Record which payment intent a payment has, and apply the events of it that came before this was known."""
    intent = id_of(facts.get("payment_intent"))
    if not intent or payment.stripe_payment_intent_id is not None:
        return
    payment.stripe_payment_intent_id = intent
    waiting = select(StripeEvent).where(
        StripeEvent.stripe_payment_intent_id == intent, col(StripeEvent.payment_id).is_(None)
    )
    for event in session.exec(waiting.order_by(col(StripeEvent.happened_at))).all():
        event.payment_id = payment.id
        apply_event(session, payment, event)
