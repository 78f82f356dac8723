"""Money from outside: what the shop sells, what people paid for it, and what Stripe told us of that."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from funmagic.models.base import Row, UtcDateTime, json_field, one_of, time_field


class PaymentStatus(StrEnum):
    """How far the buying has come; what is paid stays paid, and what came back is counted beside it."""

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
    """One checkout: what was to be paid and got for it, what Stripe says became of it, and what the ledger did of that.

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
    refunded_cents: int = 0
    # What we heard of refunds: the newest sum, and those that failed on their way; see billing/refund_facts.py.
    refunds: dict[str, Any] = json_field()
    dispute: str = Field(default=DisputeStatus.NONE, max_length=10)
    disputed_cents: int = 0
    frozen_credits: int = 0
    settled_cents: int = 0
    taken_credits: int = 0
    shortfall_credits: int = 0
    # How many times the ledger was brought in line: it numbers the keys of those lines.
    revision: int = 0


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
