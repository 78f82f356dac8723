"""Payments: whose they are, how far each has come, and what that does to credits.

Facts may come in any order and any number of times: they only ever move a payment forward, and `settle_payment` looks
at nothing but the row, so the same facts always end in the same ledger.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
import structlog
from sqlmodel import Session, col, select

from funmagic.billing.receipts import mail_receipt
from funmagic.billing.returns import apply_returns
from funmagic.billing.settlement import settle_payment
from funmagic.billing.stripe.facts import PAYMENT_ID, id_of
from funmagic.billing.views import PaymentView
from funmagic.core.errors import NotFound
from funmagic.models.base import locked_until_commit, utcnow
from funmagic.models.billing import Payment, PaymentStatus
from funmagic.sessions.viewer import Viewer

log = structlog.get_logger()

# A payment goes forward through these, and never back.
ORDER = (
    PaymentStatus.OPEN,
    PaymentStatus.PENDING,
    PaymentStatus.EXPIRED,
    PaymentStatus.FAILED,
    PaymentStatus.PAID,
)


def find_payment(session: Session, viewer: Viewer, stripe_session_id: str) -> PaymentView:
    """The viewer's payment that a checkout at Stripe was for; raises NotFound."""
    query = select(Payment).where(Payment.stripe_session_id == stripe_session_id, Payment.user_id == viewer.id)
    payment = session.exec(query).first()
    if payment is None:
        raise NotFound
    return PaymentView.model_validate(payment)


def lock_by_session(session: Session, hosted: Mapping[str, Any]) -> Payment | None:
    """The payment of a checkout session at Stripe, its row locked; None when it is not one of ours."""
    found = _lock_named(session, hosted, Payment.stripe_session_id == hosted["id"])
    return _only_match(found, hosted, lambda payment: payment.stripe_session_id in (None, hosted["id"]))


def lock_by_intent(session: Session, facts: Mapping[str, Any]) -> Payment | None:
    """The payment of a charge, refund or dispute at Stripe, its row locked; None when it is not, or not yet, ours."""
    intent = id_of(facts.get("payment_intent"))
    found = _lock_named(session, facts)
    return _only_match(found, facts, lambda payment: not intent or payment.stripe_payment_intent_id in (None, intent))


def record_status_and_settle(session: Session, payment: Payment, status: PaymentStatus) -> None:
    """Move a payment forward to this status; once it is paid, its credits are added and a receipt is mailed."""
    if ORDER.index(status) <= ORDER.index(PaymentStatus(payment.status)):
        return
    payment.status = status
    if status == PaymentStatus.PAID:
        payment.paid_at = utcnow()
        mail_receipt(session, payment)
    settle_payment(session, payment)


def apply_paid(session: Session, payment: Payment, charged: Mapping[str, int]) -> None:
    """Add what was bought, now that so much was charged, by currency; too little or other money is only reported."""
    if charged and charged.get(payment.currency, 0) < payment.amount_cents:
        log.error("payment_amount_differs", payment_id=payment.id, **charged)
        return
    apply_returns(session, payment, charged=charged)
    record_status_and_settle(session, payment, PaymentStatus.PAID)


def forget_words(session: Session, user_id: str) -> None:
    """Empty what a user's payments hold that came from their browser; every figure stays."""
    key = sa.literal("deleted:") + col(Payment.id)
    theirs = sa.update(Payment).where(col(Payment.user_id) == user_id)
    session.execute(theirs.values(idempotency_key=key, return_path="", url=""))


def _lock_named(session: Session, facts: Mapping[str, Any], *terms: Any) -> Sequence[Payment]:
    """Every payment that an object names by our id or by its payment intent, or that fits one of the terms."""
    payment_id = (facts.get("metadata") or {}).get(PAYMENT_ID) or facts.get("client_reference_id")
    intent = id_of(facts.get("payment_intent"))
    if payment_id:
        terms += (Payment.id == payment_id,)
    if intent:
        # Held first, so that no other transaction writes down an event of this intent as unknown meanwhile.
        session.execute(sa.select(locked_until_commit(sa.literal(f"stripe-intent:{intent}"))))
        terms += (Payment.stripe_payment_intent_id == intent,)
    return session.exec(select(Payment).where(sa.or_(False, *terms)).with_for_update()).all()


def _only_match(found: Sequence[Payment], facts: Mapping[str, Any], fits: Callable[[Payment], bool]) -> Payment | None:
    if len(found) == 1 and fits(found[0]):
        return found[0]
    if found:
        # Money may have come for it: an admin has to look.
        log.error("stripe_object_contradicts", object_id=facts["id"], payments=[payment.id for payment in found])
    return None
