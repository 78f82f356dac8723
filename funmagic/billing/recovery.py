"""Fetching payments from Stripe where its webhook has not come: what is found counts as if it had."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
import stripe
import structlog
from sqlmodel import Session, col, select

from funmagic.billing.effects import link_session
from funmagic.billing.errors import PaymentsUnavailable
from funmagic.billing.payments import apply_paid, find_payment, lock_by_session, record_status_and_settle
from funmagic.billing.rereading import PATIENCE, refresh_due_returns, refresh_returns
from funmagic.billing.stripe.client import asking_stripe, get_stripe
from funmagic.billing.stripe.facts import totals_of
from funmagic.billing.views import PaymentView
from funmagic.core.db import reading, transaction
from funmagic.core.settings import get_settings
from funmagic.models.base import utcnow
from funmagic.models.billing import Payment, PaymentStatus
from funmagic.sessions.viewer import Viewer

log = structlog.get_logger()

# A checkout without a session was left by a process that died; Stripe's own end after a day.
LIFETIME = timedelta(hours=25)
# By then every way of paying has come to an end; what is still unsure was begun at another account of Stripe's.
GIVEN_UP = timedelta(days=30)
MOST_AT_ONCE = 100
# A bank transfer that was not made: Stripe tells of it, and asks for another way to pay.
NOT_PAYING = ("canceled", "requires_payment_method")


def refresh_payment(viewer: Viewer, stripe_session_id: str) -> PaymentView:
    """The viewer's payment as it stands at Stripe now; raises NotFound, PaymentsNotSetUp and PaymentsUnavailable."""
    with reading() as session:
        find_payment(session, viewer, stripe_session_id)
    _refresh_session(stripe_session_id)
    with reading() as session:
        return find_payment(session, viewer, stripe_session_id)


def recover_payments() -> int:
    """Fetch payments that should have ended by now, and what went back of others; returns how many had not ended."""
    if not get_settings().takes_payments:
        return 0
    with transaction() as session:
        _expire_lost(session)
        waiting = _waiting(session)
    for number, stripe_session_id in enumerate(waiting):
        try:
            _refresh_session(stripe_session_id)
        except PaymentsUnavailable:
            log.warning("payments_not_recovered", left=len(waiting) - number)
            return number
    refresh_due_returns()
    return len(waiting)


def _refresh_session(stripe_session_id: str) -> None:
    with asking_stripe():
        try:
            hosted = get_stripe().v1.checkout.sessions.retrieve(
                stripe_session_id, {"expand": ["payment_intent.latest_charge"]}
            )
        except stripe.InvalidRequestError as error:
            if error.code != "resource_missing":
                raise
            # Begun with the key of another account, or of its test mode: it must not keep us from the others.
            log.warning("stripe_session_missing", stripe_session_id=stripe_session_id)
            return
    with transaction() as session:
        intent = _apply_session(session, hosted.to_dict())
    if intent:
        refresh_returns(intent)


def _apply_session(session: Session, hosted: dict[str, Any]) -> str | None:
    """Apply what became of the checkout; returns its payment intent where money of it went back."""
    payment = lock_by_session(session, hosted)
    if payment is None:
        return None
    link_session(session, payment, hosted)
    intent = hosted.get("payment_intent") or {}
    if hosted["payment_status"] == "paid":
        apply_paid(session, payment, totals_of(hosted))
    elif hosted["status"] == "expired":
        record_status_and_settle(session, payment, PaymentStatus.EXPIRED)
    elif hosted["status"] == "complete":
        is_over = isinstance(intent, dict) and intent.get("status") in NOT_PAYING
        record_status_and_settle(session, payment, PaymentStatus.FAILED if is_over else PaymentStatus.PENDING)
    charge = intent.get("latest_charge") if isinstance(intent, dict) else None
    has_returns = isinstance(charge, dict) and (charge.get("amount_refunded") or charge.get("disputed"))
    return payment.stripe_payment_intent_id if has_returns else None


def _waiting(session: Session) -> list[str]:
    unsure = col(Payment.status).in_([PaymentStatus.OPEN, PaymentStatus.PENDING])
    is_due = col(Payment.created_at).between(utcnow() - GIVEN_UP, utcnow() - PATIENCE)
    query = select(Payment.stripe_session_id).where(unsure, col(Payment.stripe_session_id).is_not(None), is_due)
    # At random, so that none is left out turn after turn where there are more.
    return [id_ for id_ in session.exec(query.order_by(sa.func.random()).limit(MOST_AT_ONCE)) if id_]


def _expire_lost(session: Session) -> None:
    query = select(Payment).where(
        Payment.status == PaymentStatus.OPEN,
        col(Payment.stripe_session_id).is_(None),
        col(Payment.created_at) < utcnow() - LIFETIME,
    )
    for payment in session.exec(query.limit(MOST_AT_ONCE).with_for_update(skip_locked=True)):
        record_status_and_settle(session, payment, PaymentStatus.EXPIRED)
