"""Money inside the product: a credit account per user, and its append-only ledger."""

from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from funmagic.models.base import Row, one_of


class TransactionType(StrEnum):
    """Why a balance or a hold changed."""

    PURCHASE = "purchase"
    BONUS = "bonus"
    WELCOME = "welcome"
    RESERVATION = "reservation"
    RELEASE = "release"
    USAGE = "usage"
    REFUND = "refund"
    ADMIN_ADJUST = "admin_adjust"


class CreditAccount(SQLModel, table=True):
    """A user's credits: what they own, and how much of it runs in progress and disputed payments hold."""

    __tablename__ = "credit_accounts"
    __table_args__ = (
        sa.CheckConstraint("balance >= 0", name="balance_not_negative"),
        sa.CheckConstraint("reserved >= 0", name="reserved_not_negative"),
        sa.CheckConstraint("reserved <= balance", name="reserved_within_balance"),
        sa.CheckConstraint("lifetime_purchased >= 0", name="purchased_not_negative"),
        sa.CheckConstraint("lifetime_refunded BETWEEN 0 AND lifetime_used", name="refunded_within_used"),
    )

    user_id: str = Field(foreign_key="users.id", primary_key=True, max_length=36)
    balance: int = 0
    reserved: int = 0
    lifetime_purchased: int = 0
    lifetime_used: int = 0
    lifetime_refunded: int = 0


class CreditTransaction(Row, table=True):
    """One line of the ledger; lines are only ever added, and no key is used twice."""

    __tablename__ = "credit_transactions"
    __table_args__ = (
        one_of("type", TransactionType),
        sa.Index("ix_credit_transactions_user_id_id", "user_id", "id"),
        sa.CheckConstraint("type NOT IN ('purchase', 'bonus', 'welcome') OR amount > 0", name="income_is_positive"),
        sa.CheckConstraint("type <> 'usage' OR (amount <= 0 AND reserved_delta <= 0)", name="usage_is_negative"),
        sa.CheckConstraint("type <> 'reservation' OR (amount = 0 AND reserved_delta >= 0)", name="reservation_holds"),
        sa.CheckConstraint("type <> 'release' OR (amount = 0 AND reserved_delta <= 0)", name="release_frees"),
        sa.CheckConstraint("type <> 'refund' OR (amount > 0 AND reserved_delta = 0)", name="refund_is_positive"),
    )

    user_id: str = Field(foreign_key="users.id", max_length=36)
    type: str = Field(max_length=20)
    amount: int
    reserved_delta: int
    balance_after: int
    reserved_after: int
    task_id: str | None = Field(default=None, foreign_key="tasks.id", index=True, max_length=36)
    payment_id: str | None = Field(default=None, foreign_key="payments.id", index=True, max_length=36)
    # The admin who did it; none for what the product does by itself.
    actor_id: str | None = Field(default=None, foreign_key="users.id", max_length=36)
    description: str = Field(default="", max_length=200)
    idempotency_key: str = Field(unique=True, max_length=120)
