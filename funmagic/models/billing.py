"""Money from outside: what the shop sells, what people paid for it, and what Stripe told us of that."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from funmagic.models.base import Row, UtcDateTime, json_field, one_of, time_field, utcnow


class PaymentStatus(StrEnum):
    """How far a payment has come at Stripe. A paid one stays paid: what was refunded is counted in its own columns."""

    OPEN = "open"
    # Ordered, with a way of paying that takes days.
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"


class DisputeStatus(StrEnum):
    """Whether the buyer's bank asked for the money back, and who was right: `won` is us."""

    NONE = "none"
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class CreditPackage(Row, table=True):
    """Credits for money, as the shop offers them; the bonus comes on top and is a gift."""

    __tablename__ = "credit_packages"
    __table_args__ = (
        sa.CheckConstraint("credits > 0", name="credits_positive"),
        sa.CheckConstraint("bonus_credits >= 0", name="bonus_not_negative"),
        sa.CheckConstraint("price_cents > 0", name="price_positive"),
    )

    name: str = Field(max_length=80)
    credits: int
    bonus_credits: int = 0
    # In the currency's smallest unit, as Stripe counts.
    price_cents: int
    currency: str = Field(default="usd", max_length=3)
    is_popular: bool = False
    is_active: bool = True
    position: int = 0
    stripe_product_id: str | None = Field(default=None, max_length=64)
    translations: dict[str, Any] = json_field()


class Payment(Row, table=True):
    """One checkout: its price and credits, its status at Stripe, and which of its credits the ledger has moved.

    `refunded_cents`, `disputed_cents`, `lost_cents` and `dispute` are what its refunds and disputes come to, in its own
    currency; billing/returns.py adds them up.
    `taken_credits` and `shortfall_credits` are what the credits of the returned share of the price come to: those
    that left the account, and those that were spent already. `settled_cents` is the returned share they stand for.
    """

    __tablename__ = "payments"
    __table_args__ = (
        one_of("status", PaymentStatus),
        one_of("dispute", DisputeStatus),
        sa.UniqueConstraint("user_id", "idempotency_key"),
        sa.CheckConstraint("amount_cents > 0", name="amount_positive"),
        sa.CheckConstraint("credits > 0 AND bonus_credits >= 0", name="credits_positive"),
        sa.CheckConstraint("refunded_cents BETWEEN 0 AND amount_cents", name="refund_within_amount"),
        sa.CheckConstraint("disputed_cents BETWEEN 0 AND amount_cents", name="disputed_within_amount"),
        sa.CheckConstraint("lost_cents BETWEEN 0 AND amount_cents", name="lost_within_amount"),
        sa.CheckConstraint("settled_cents BETWEEN 0 AND amount_cents", name="settled_within_amount"),
        sa.CheckConstraint("taken_credits >= 0 AND shortfall_credits >= 0", name="returned_not_negative"),
        sa.CheckConstraint("frozen_credits >= 0", name="frozen_not_negative"),
        sa.Index("ix_payments_user_id_id", "user_id", "id"),
        sa.Index("ix_payments_status_created_at", "status", "created_at"),
    )

    user_id: str = Field(foreign_key="users.id", max_length=36)
    package_id: str | None = Field(default=None, foreign_key="credit_packages.id", max_length=36)
    idempotency_key: str = Field(max_length=100)
    stripe_session_id: str | None = Field(default=None, unique=True, max_length=255)
    stripe_payment_intent_id: str | None = Field(default=None, unique=True, max_length=255)
    status: str = Field(default=PaymentStatus.OPEN, max_length=10)
    package_name: str = Field(max_length=80)
    amount_cents: int
    currency: str = Field(max_length=3)
    credits: int
    bonus_credits: int = 0
    # The page the buyer came from, and goes back to.
    return_path: str = Field(default="", max_length=500)
    url: str = Field(default="", max_length=2000)
    paid_at: datetime | None = time_field()
    # What the whole charge comes to in other currencies than ours, by currency: the buyer may have paid in one.
    charged: dict[str, Any] = json_field()
    # The most that Stripe ever said went back in all, for refunds that it never named.
    refund_sum_cents: int = 0
    refunded_cents: int = 0
    dispute: str = Field(default=DisputeStatus.NONE, max_length=10)
    disputed_cents: int = 0
    lost_cents: int = 0
    # When Stripe is to be asked again what went back; nobody has asked yet where it is empty.
    returns_due_at: datetime | None = time_field(index=True)
    frozen_credits: int = 0
    # The disputed cents that they stand for, whether there were enough credits to freeze or not.
    frozen_cents: int = 0
    settled_cents: int = 0
    taken_credits: int = 0
    shortfall_credits: int = 0
    # How many times the ledger was brought in line: it numbers the keys of those lines.
    revision: int = 0


class RefundStatus(StrEnum):
    """How far a refund has come, in Stripe's words, in the order in which each replaces those before it."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"
    # Also after it succeeded: the bank sent the money back.
    FAILED = "failed"


class BankStatus(StrEnum):
    """How far a dispute has come, in Stripe's words, in the order in which each replaces those before it."""

    # An inquiry: the bank asks, and no money moves; it may become a dispute even after it was closed.
    WARNING_NEEDS_RESPONSE = "warning_needs_response"
    WARNING_UNDER_REVIEW = "warning_under_review"
    WARNING_CLOSED = "warning_closed"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    LOST = "lost"
    # Lost, and not given up: the money is still gone.
    APPEAL_NEEDS_RESPONSE = "appeal_needs_response"
    APPEAL_UNDER_REVIEW = "appeal_under_review"
    # Settled by a refund, which counts for itself.
    CHARGE_REFUNDED = "charge_refunded"
    PREVENTED = "prevented"
    # Also after it was lost: the buyer withdrew it, or the appeal was won.
    WON = "won"


# The money of these is still ours, or ours again.
UNDONE_STATUSES = (RefundStatus.CANCELED, RefundStatus.FAILED)
# The money of these is away until the bank decides, and of those it stays away.
OPEN_STATUSES = (BankStatus.NEEDS_RESPONSE, BankStatus.UNDER_REVIEW)
LOST_STATUSES = (BankStatus.LOST, BankStatus.APPEAL_NEEDS_RESPONSE, BankStatus.APPEAL_UNDER_REVIEW)


class PaymentRefund(SQLModel, table=True):
    """One refund of a payment, by its id at Stripe."""

    __tablename__ = "payment_refunds"
    __table_args__ = (one_of("status", RefundStatus), sa.CheckConstraint("cents >= 0", name="cents_not_negative"))

    payment_id: str = Field(foreign_key="payments.id", primary_key=True, max_length=36)
    id: str = Field(primary_key=True, max_length=255)
    heard_at: datetime = Field(default_factory=utcnow, sa_type=UtcDateTime, nullable=False)
    status: str = Field(max_length=30)
    cents: int = Field(sa_type=sa.BigInteger)
    currency: str = Field(max_length=3)
    # What it comes to in the payment's currency, whether it reached the buyer or not.
    share_cents: int = Field(default=0, sa_type=sa.BigInteger)


class PaymentDispute(SQLModel, table=True):
    """One dispute of a payment, or an inquiry before it, by its id at Stripe."""

    __tablename__ = "payment_disputes"
    __table_args__ = (
        one_of("status", BankStatus),
        sa.CheckConstraint("cents >= 0", name="cents_not_negative"),
        sa.CheckConstraint("reinstated_cents >= 0", name="reinstated_not_negative"),
    )

    payment_id: str = Field(foreign_key="payments.id", primary_key=True, max_length=36)
    id: str = Field(primary_key=True, max_length=255)
    heard_at: datetime = Field(default_factory=utcnow, sa_type=UtcDateTime, nullable=False)
    status: str = Field(max_length=30)
    cents: int = Field(sa_type=sa.BigInteger)
    currency: str = Field(max_length=3)
    # How much of it came back to us, though it was not won.
    reinstated_cents: int = Field(default=0, sa_type=sa.BigInteger)
    # What the rest comes to in the payment's currency.
    share_cents: int = Field(default=0, sa_type=sa.BigInteger)


class StripeEvent(SQLModel, table=True):
    """An event that Stripe sent and we acted on, in one transaction; its id makes hearing it again harmless."""

    __tablename__ = "stripe_events"

    id: str = Field(primary_key=True, max_length=255)
    type: str = Field(max_length=80)
    # By Stripe's clock, in whole seconds.
    happened_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    received_at: datetime = Field(sa_type=UtcDateTime, nullable=False)
    payment_id: str | None = Field(default=None, foreign_key="payments.id", index=True, max_length=36)
    # What an event is about whose payment we do not know yet, and what it said, to act on once we do.
    stripe_payment_intent_id: str | None = Field(default=None, index=True, max_length=255)
    facts: dict[str, Any] = json_field()
