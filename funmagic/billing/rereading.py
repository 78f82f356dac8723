"""Fetching refunds and disputes from Stripe: those not settled yet, and those its webhook may never have told of."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
import stripe
import structlog
from sqlmodel import Session, col, select

from funmagic.billing.errors import PaymentsUnavailable
from funmagic.billing.payments import lock_by_intent
from funmagic.billing.returns import apply_returns, schedule_next_read
from funmagic.billing.stripe.client import asking_stripe, get_stripe
from funmagic.billing.stripe.facts import dispute_of, refund_of, totals_of
from funmagic.core.db import reading, transaction
from funmagic.models.base import utcnow
from funmagic.models.billing import Payment, PaymentStatus

log = structlog.get_logger()

# Until then the webhook of what is new has every chance to come.
PATIENCE = timedelta(minutes=15)
# No bank disputes a payment that is older.
DISPUTABLE = timedelta(days=540)
MOST_AT_ONCE = 100
PAGE = 100


def refresh_due_returns() -> None:
    """Fetch what went back of payments whose turn it is; what is found counts as if the webhook had told."""
    with reading() as session:
        intents = _due(session)
    for number, intent in enumerate(intents):
        try:
            refresh_returns(intent)
        except PaymentsUnavailable:
            log.warning("returns_not_read", left=len(intents) - number)
            return


def refresh_returns(intent: str) -> None:
    """Apply all refunds and disputes of a payment intent as they stand at Stripe now; raises PaymentsUnavailable."""
    with asking_stripe():
        refunds, disputes = _list_returns(intent)
    with transaction() as session:
        payment = lock_by_intent(session, {"id": intent, "payment_intent": intent})
        if payment is None:
            return
        apply_returns(
            session,
            payment,
            charged=_totals([*refunds, *disputes]),
            refunds=[refund_of(refund) for refund in refunds],
            disputes=[dispute_of(dispute) for dispute in disputes],
        )
        schedule_next_read(session, payment)


def _list_returns(intent: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    asked = {"payment_intent": intent, "limit": PAGE, "expand": ["data.charge"]}
    client = get_stripe().v1
    try:
        refunds = client.refunds.list(asked).auto_paging_iter()  # type: ignore[arg-type]
        disputes = client.disputes.list(asked).auto_paging_iter()  # type: ignore[arg-type]
        return [one.to_dict() for one in refunds], [one.to_dict() for one in disputes]
    except stripe.InvalidRequestError as error:
        if error.code != "resource_missing":
            raise
        # Paid with the key of another account, or of its test mode: it must not keep us from the others.
        log.warning("stripe_payment_intent_missing", payment_intent=intent)
        return [], []


def _totals(returns: Iterable[dict[str, Any]]) -> dict[str, int]:
    charges = (one.get("charge") for one in returns)
    return {name: cents for charge in charges if isinstance(charge, dict) for name, cents in totals_of(charge).items()}


def _due(session: Session) -> list[str]:
    now = utcnow()
    due = col(Payment.returns_due_at)
    query = select(Payment.stripe_payment_intent_id).where(
        Payment.status == PaymentStatus.PAID,
        col(Payment.stripe_payment_intent_id).is_not(None),
        col(Payment.created_at) > now - DISPUTABLE,
        sa.or_(due <= now, sa.and_(due.is_(None), col(Payment.created_at) < now - PATIENCE)),
    )
    # At random, so that none is left out turn after turn where there are more.
    return [intent for intent in session.exec(query.order_by(sa.func.random()).limit(MOST_AT_ONCE)) if intent]
