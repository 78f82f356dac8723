"""Money that goes back: each refund and dispute of a payment by its id at Stripe, and what they come to.

A refund and a dispute only ever move forward, in the order in which their statuses are listed, so a late or repeated
event changes nothing. No time decides: Stripe's are whole seconds.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

import structlog
from sqlmodel import Session, select

from funmagic.billing.settlement import settle_payment
from funmagic.billing.stripe.facts import DisputeFact, RefundFact
from funmagic.models.base import utcnow
from funmagic.models.billing import (
    LOST_STATUSES,
    OPEN_STATUSES,
    UNDONE_STATUSES,
    BankStatus,
    DisputeStatus,
    Payment,
    PaymentDispute,
    PaymentRefund,
    RefundStatus,
)

log = structlog.get_logger()

UNSETTLED_REFUNDS = (RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION)
INQUIRIES = (BankStatus.WARNING_NEEDS_RESPONSE, BankStatus.WARNING_UNDER_REVIEW)
APPEALS = (BankStatus.APPEAL_NEEDS_RESPONSE, BankStatus.APPEAL_UNDER_REVIEW)
UNSETTLED_DISPUTES = (*INQUIRIES, *OPEN_STATUSES, *APPEALS)
# A payment without trouble is fetched again when it is a tenth older, at most once a day.
LEAST_PAUSE = timedelta(days=1)
AGE_PER_PAUSE = 10


def apply_returns(
    session: Session,
    payment: Payment,
    *,
    refunds: Iterable[RefundFact] = (),
    disputes: Iterable[DisputeFact] = (),
    refunded_sum: int | None = None,
    charged: Mapping[str, int] | None = None,
) -> None:
    """Record refunds and disputes, and take, freeze or give back their credits; the caller holds the payment's row.

    `charged` is what the whole charge comes to, by currency, and `refunded_sum` what went back of it in all, in the
    first of those.
    """
    _record_charged(payment, charged or {})
    for refund in refunds:
        row = session.get(PaymentRefund, (payment.id, refund.id)) or PaymentRefund(
            payment_id=payment.id, id=refund.id, status=refund.status, cents=refund.cents, currency=refund.currency
        )
        session.add(_forward(row, refund.status, refund.cents, RefundStatus))
    for dispute in disputes:
        known = session.get(PaymentDispute, (payment.id, dispute.id)) or PaymentDispute(
            payment_id=payment.id, id=dispute.id, status=dispute.status, cents=dispute.cents, currency=dispute.currency
        )
        session.add(_forward(known, dispute.status, dispute.cents, BankStatus))
        known.reinstated_cents = max(known.reinstated_cents, dispute.reinstated_cents)
    refunded = _own_cents(payment, refunded_sum or 0, next(iter(charged or {}), payment.currency)) or 0
    payment.refund_sum_cents = max(payment.refund_sum_cents, refunded)
    session.flush()
    _add_up(session, payment)
    if refunded_sum is not None and payment.refunded_cents != min(refunded, payment.amount_cents):
        # Something else went back, or came back, than we know of; or this is old news.
        payment.returns_due_at = utcnow()
    settle_payment(session, payment)


def schedule_next_read(session: Session, payment: Payment) -> None:
    """Set when Stripe is asked again, now that it was: in the next turn, if something is not settled."""
    now = utcnow()
    payment.returns_due_at = now + max(LEAST_PAUSE, (now - payment.created_at) / AGE_PER_PAUSE)
    _add_up(session, payment)


def _record_charged(payment: Payment, charged: Mapping[str, int]) -> None:
    known = payment.charged
    others = {currency: cents for currency, cents in charged.items() if currency != payment.currency and cents > 0}
    payment.charged = {**known, **{name: max(cents, known.get(name, 0)) for name, cents in others.items()}}


def _forward(row: Any, status: StrEnum, cents: int, order: type[StrEnum]) -> Any:
    places = list(order)
    if (places.index(status), cents) > (places.index(order(row.status)), row.cents):
        row.status = status
        row.cents = cents
    return row


def _add_up(session: Session, payment: Payment) -> None:
    refunds = session.exec(select(PaymentRefund).where(PaymentRefund.payment_id == payment.id)).all()
    disputes = session.exec(select(PaymentDispute).where(PaymentDispute.payment_id == payment.id)).all()
    unnamed = _add_refunds(payment, refunds)
    _add_disputes(payment, disputes)
    is_unsettled = (
        unnamed > 0
        or any(row.status in UNSETTLED_REFUNDS for row in refunds)
        or any(row.status in UNSETTLED_DISPUTES for row in disputes)
        or any(_own_cents(payment, refund.cents, refund.currency) is None for refund in refunds)
        or any(_own_cents(payment, dispute.cents, dispute.currency) is None for dispute in disputes)
    )
    if is_unsettled:
        payment.returns_due_at = utcnow()


def _add_refunds(payment: Payment, refunds: Sequence[PaymentRefund]) -> int:
    """Set what went back; gives how much of it no refund that we know stands for."""
    sums: Counter[str] = Counter()
    # Each row is rounded so that the rows before it come out even: first those that count.
    for row in sorted(refunds, key=lambda row: (row.status in UNDONE_STATUSES, row.id)):
        before = _own_cents(payment, sums[row.currency], row.currency) or 0
        sums[row.currency] += row.cents
        row.share_cents = (_own_cents(payment, sums[row.currency], row.currency) or 0) - before
    named = sum(row.share_cents for row in refunds)
    unnamed = max(0, payment.refund_sum_cents - named)
    live = sum(row.share_cents for row in refunds if row.status not in UNDONE_STATUSES)
    payment.refunded_cents = min(payment.amount_cents, live + unnamed)
    return unnamed


def _add_disputes(payment: Payment, disputes: Sequence[PaymentDispute]) -> None:
    for row in disputes:
        left = max(0, row.cents - row.reinstated_cents)
        share = _own_cents(payment, left, row.currency)
        # Until we know what the charge came to in that currency, all of it is at stake.
        row.share_cents = min(payment.amount_cents, share if share is not None else payment.amount_cents)
    payment.disputed_cents = _sum_of(payment, disputes, OPEN_STATUSES)
    payment.lost_cents = _sum_of(payment, disputes, LOST_STATUSES)
    if payment.disputed_cents:
        payment.dispute = DisputeStatus.OPEN
    elif payment.lost_cents:
        payment.dispute = DisputeStatus.LOST
    elif any(row.status in (*OPEN_STATUSES, *LOST_STATUSES, BankStatus.WON) for row in disputes):
        payment.dispute = DisputeStatus.WON
    else:
        payment.dispute = DisputeStatus.NONE


def _sum_of(payment: Payment, disputes: Sequence[PaymentDispute], statuses: Sequence[BankStatus]) -> int:
    return min(payment.amount_cents, sum(row.share_cents for row in disputes if row.status in statuses))


def _own_cents(payment: Payment, cents: int, currency: str) -> int | None:
    """What an amount comes to in the payment's currency, by its share of the whole charge; None if that is unknown."""
    if not cents or not currency or currency == payment.currency:
        return cents
    total = payment.charged.get(currency)
    return payment.amount_cents * cents // total if total else None
