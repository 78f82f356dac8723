"""Refunds and disputes have rows of their own, by their ids at Stripe; a payment keeps what they come to."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from funmagic.models.base import UtcDateTime, utcnow

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

REFUND = ("pending", "requires_action", "succeeded", "canceled", "failed")
DISPUTE = (
    *("warning_needs_response", "warning_under_review", "warning_closed", "needs_response", "under_review", "lost"),
    *("appeal_needs_response", "appeal_under_review", "charge_refunded", "prevented", "won"),
)
NUMBERS = ("refund_sum_cents", "lost_cents", "frozen_cents")
PAYMENTS = sa.table(
    "payments",
    *(sa.column(name) for name in ("id", "currency", "amount_cents", "refunded_cents", "dispute", "disputed_cents")),
    *(sa.column(name) for name in ("stripe_payment_intent_id", "revision", "frozen_credits", *NUMBERS)),
    sa.column("refunds", sa.JSON),
)
EVENTS = sa.table(
    "stripe_events",
    *(sa.column(name) for name in ("type", "payment_id", "received_at")),
    sa.column("facts", sa.JSON),
)


def _rows(table: str, *more: str) -> sa.TableClause:
    names = ("payment_id", "id", "status", "cents", "currency", "share_cents", *more)
    return sa.table(table, sa.column("heard_at", UtcDateTime), *(sa.column(name) for name in names))


REFUNDS, DISPUTES = _rows("payment_refunds"), _rows("payment_disputes", "reinstated_cents")


def upgrade() -> None:
    """Apply the change."""
    _create("payment_refunds", REFUND)
    _create("payment_disputes", DISPUTE, sa.Column("reinstated_cents", sa.BigInteger(), nullable=False))
    with op.batch_alter_table("payments") as payments:
        for name in NUMBERS:
            payments.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        payments.add_column(sa.Column("charged", sa.JSON(), nullable=False, server_default="{}"))
        payments.add_column(sa.Column("returns_due_at", UtcDateTime(), nullable=True))
    _move()
    with op.batch_alter_table("payments") as payments:
        for name in (*NUMBERS, "charged"):
            payments.alter_column(name, server_default=None)
        payments.drop_column("refunds")
        for name in ("disputed", "lost"):
            payments.create_check_constraint(
                op.f(f"ck_payments_{name}_within_amount"), f"{name}_cents BETWEEN 0 AND amount_cents"
            )
        payments.create_index(op.f("ix_payments_returns_due_at"), ["returns_due_at"])


def downgrade() -> None:
    """Take the change back."""
    with op.batch_alter_table("payments") as payments:
        payments.add_column(sa.Column("refunds", sa.JSON(), nullable=False, server_default="{}"))
    _move_back()
    with op.batch_alter_table("payments") as payments:
        payments.alter_column("refunds", server_default=None)
        payments.drop_index("ix_payments_returns_due_at")
        for name in ("disputed", "lost"):
            payments.drop_constraint(op.f(f"ck_payments_{name}_within_amount"), type_="check")
        for name in (*NUMBERS, "charged", "returns_due_at"):
            payments.drop_column(name)
    op.drop_table("payment_disputes")
    op.drop_table("payment_refunds")


def _create(table: str, statuses: tuple[str, ...], *more: sa.Column[Any]) -> None:
    allowed = ", ".join(f"'{status}'" for status in statuses)
    checks = [sa.CheckConstraint("cents >= 0", name=op.f(f"ck_{table}_cents_not_negative"))]
    if more:
        name = op.f(f"ck_{table}_reinstated_not_negative")
        checks.append(sa.CheckConstraint("reinstated_cents >= 0", name=name))
    op.create_table(
        table,
        sa.Column("payment_id", sa.String(36), nullable=False),
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("heard_at", UtcDateTime(), nullable=False),
        sa.Column("status", sa.String(30), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        *more,
        sa.Column("share_cents", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(f"status IN ({allowed})", name=op.f(f"ck_{table}_status")),
        *checks,
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f(f"fk_{table}_payment_id_payments")),
        sa.PrimaryKeyConstraint("payment_id", "id", name=op.f(f"pk_{table}")),
    )


def _move() -> None:
    """What a payment says now is what its rows say then: so no ledger changes."""
    bind = op.get_bind()
    for payment in bind.execute(sa.select(PAYMENTS)).all():
        failed = {id_: cents for id_, (cents, _at) in (payment.refunds or {}).get("failed", {}).items()}
        for id_, cents in failed.items():
            bind.execute(REFUNDS.insert().values(**_row(payment, id_, "failed", cents)))
        changed = {"refund_sum_cents": payment.refunded_cents + sum(failed.values())}
        if payment.dispute != "none":
            status = {"open": "needs_response"}.get(payment.dispute, payment.dispute)
            row = _row(payment, _dispute_id(bind, payment), status, payment.disputed_cents)
            bind.execute(DISPUTES.insert().values(**row, reinstated_cents=0))
            changed |= _disputed(payment)
        bind.execute(PAYMENTS.update().where(PAYMENTS.c.id == payment.id).values(**changed))


def _disputed(payment: Any) -> dict[str, int]:
    if payment.dispute == "open":
        return {"frozen_cents": payment.disputed_cents}
    # What it had frozen was given back under the number that it has now: another dispute takes the next.
    lost = payment.disputed_cents if payment.dispute == "lost" else 0
    return {"lost_cents": lost, "disputed_cents": 0, "revision": payment.revision + 1}


def _dispute_id(bind: sa.Connection, payment: Any) -> str:
    """The dispute that counted: the first that was decided, or the first of all."""
    events = bind.execute(
        sa.select(EVENTS)
        .where(EVENTS.c.payment_id == payment.id, EVENTS.c.type.like("charge.dispute.%"))
        .order_by((EVENTS.c.type != "charge.dispute.closed"), EVENTS.c.received_at)
    ).all()
    return next((event.facts["id"] for event in events if event.facts.get("id")), f"dispute-of-{payment.id}")


def _row(payment: Any, id_: str, status: str, cents: int) -> dict[str, Any]:
    about = {"payment_id": payment.id, "id": id_, "heard_at": utcnow(), "status": status}
    return {**about, "cents": cents, "currency": payment.currency, "share_cents": cents}


def _move_back() -> None:
    bind = op.get_bind()
    for payment in bind.execute(sa.select(PAYMENTS)).all():
        # As if nothing but the sum had ever been told, and that long ago.
        facts = {"sumCents": payment.refunded_cents, "sumAt": 0, "failed": dict(_failed(bind, payment.id))}
        changed = {"refunds": facts, "disputed_cents": payment.disputed_cents + payment.lost_cents}
        bind.execute(PAYMENTS.update().where(PAYMENTS.c.id == payment.id).values(**changed))


def _failed(bind: sa.Connection, payment_id: str) -> Iterator[tuple[str, tuple[int, int]]]:
    rows = sa.select(REFUNDS).where(REFUNDS.c.payment_id == payment_id, REFUNDS.c.status.in_(("failed", "canceled")))
    for row in bind.execute(rows):
        # Before the sum, so that it is not taken off it again.
        yield row.id, (row.cents, -1)
