"""What became of a payment: each fact that Stripe tells is noted on its row, and the ledger brought in line with them.

Facts may come in any order and any number of times: they only ever move a payment forward, and `settle_payment` looks
at nothing but the row, so whoever hears the same facts ends with the same ledger.
"""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlmodel import Session, col, select

from funmagic.billing.receipts import mail_receipt
from funmagic.billing.returns import note_returns
from funmagic.billing.settlement import settle_payment
from funmagic.core.errors import NotFound
from funmagic.core.json import Shape
from funmagic.models.base import utcnow
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


class PaymentView(Shape):
    """A purchase, as its buyer sees it."""

    id: str
    status: str
    package_name: str
    credits: int
    bonus_credits: int
    amount_cents: int
    currency: str
    refunded_cents: int
    dispute: str
    return_path: str
    created_at: datetime
    paid_at: datetime | None


def find_payment(session: Session, viewer: Viewer, stripe_session_id: str) -> PaymentView:
    """The viewer's payment that a checkout at Stripe was for; raises NotFound."""
    query = select(Payment).where(Payment.stripe_session_id == stripe_session_id, Payment.user_id == viewer.id)
    payment = session.exec(query).first()
    if payment is None:
        raise NotFound
    return PaymentView.model_validate(payment)


def note_status(session: Session, payment: Payment, status: PaymentStatus) -> None:
    """Hear how far the buying has come."""
    if ORDER.index(status) <= ORDER.index(PaymentStatus(payment.status)):
        return
    payment.status = status
    if status == PaymentStatus.PAID:
        payment.paid_at = utcnow()
        mail_receipt(session, payment)
    settle_payment(session, payment)


def note_paid(session: Session, payment: Payment, charged: Mapping[str, int]) -> None:
    """Hear what was paid, by currency; less than was asked for, or only other money, brings nothing and is reported."""
    if charged and charged.get(payment.currency, 0) < payment.amount_cents:
        log.error("payment_amount_differs", payment_id=payment.id, **charged)
        return
    note_returns(session, payment, charged=charged)
    note_status(session, payment, PaymentStatus.PAID)


def forget_words(session: Session, user_id: str) -> None:
    """Empty what a user's payments hold that came from their browser; every figure stays."""
    key = sa.literal("deleted:") + col(Payment.id)
    theirs = sa.update(Payment).where(col(Payment.user_id) == user_id)
    session.execute(theirs.values(idempotency_key=key, return_path="", url=""))
