"""What the shop sells and what was paid, what Stripe said, and who did what as an admin."""

import sqlalchemy as sa
from alembic import op

from funmagic.models.base import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "credit_packages",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("credits", sa.Integer(), nullable=False),
        sa.Column("bonus_credits", sa.Integer(), nullable=False),
        sa.Column("price_cents", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("is_popular", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("stripe_product_id", sa.String(64), nullable=True),
        sa.Column("translations", sa.JSON(), nullable=False),
        sa.CheckConstraint("bonus_credits >= 0", name=op.f("ck_credit_packages_bonus_not_negative")),
        sa.CheckConstraint("credits > 0", name=op.f("ck_credit_packages_credits_positive")),
        sa.CheckConstraint("price_cents > 0", name=op.f("ck_credit_packages_price_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_packages")),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("actor_id", sa.String(36), nullable=True),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("subject_type", sa.String(30), nullable=False),
        sa.Column("subject_id", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_audit_log_actor_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    with op.batch_alter_table("audit_log") as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_log_actor_id"), ["actor_id"])
        batch_op.create_index("ix_audit_log_subject", ["subject_type", "subject_id"])
    op.create_table(
        "payments",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("package_id", sa.String(36), nullable=True),
        sa.Column("idempotency_key", sa.String(100), nullable=False),
        sa.Column("stripe_session_id", sa.String(255), nullable=True),
        sa.Column("stripe_payment_intent_id", sa.String(255), nullable=True),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("package_name", sa.String(80), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("credits", sa.Integer(), nullable=False),
        sa.Column("bonus_credits", sa.Integer(), nullable=False),
        sa.Column("return_path", sa.String(500), nullable=False),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("paid_at", UtcDateTime(), nullable=True),
        sa.Column("refunded_cents", sa.Integer(), nullable=False),
        sa.Column("refunds", sa.JSON(), nullable=False),
        sa.Column("dispute", sa.String(10), nullable=False),
        sa.Column("disputed_cents", sa.Integer(), nullable=False),
        sa.Column("frozen_credits", sa.Integer(), nullable=False),
        sa.Column("settled_cents", sa.Integer(), nullable=False),
        sa.Column("taken_credits", sa.Integer(), nullable=False),
        sa.Column("shortfall_credits", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("dispute IN ('none', 'open', 'won', 'lost')", name=op.f("ck_payments_dispute")),
        sa.CheckConstraint(
            "status IN ('open', 'pending', 'paid', 'failed', 'expired')", name=op.f("ck_payments_status")
        ),
        sa.CheckConstraint("amount_cents > 0", name=op.f("ck_payments_amount_positive")),
        sa.CheckConstraint("credits > 0 AND bonus_credits >= 0", name=op.f("ck_payments_credits_positive")),
        sa.CheckConstraint("frozen_credits >= 0", name=op.f("ck_payments_frozen_not_negative")),
        sa.CheckConstraint("refunded_cents BETWEEN 0 AND amount_cents", name=op.f("ck_payments_refund_within_amount")),
        sa.CheckConstraint("settled_cents BETWEEN 0 AND amount_cents", name=op.f("ck_payments_settled_within_amount")),
        sa.CheckConstraint(
            "taken_credits >= 0 AND shortfall_credits >= 0", name=op.f("ck_payments_returned_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["package_id"], ["credit_packages.id"], name=op.f("fk_payments_package_id_credit_packages")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_payments_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("stripe_payment_intent_id", name=op.f("uq_payments_stripe_payment_intent_id")),
        sa.UniqueConstraint("stripe_session_id", name=op.f("uq_payments_stripe_session_id")),
        sa.UniqueConstraint("user_id", "idempotency_key", name=op.f("uq_payments_user_id_idempotency_key")),
    )
    with op.batch_alter_table("payments") as batch_op:
        batch_op.create_index("ix_payments_status_created_at", ["status", "created_at"])
        batch_op.create_index("ix_payments_user_id_id", ["user_id", "id"])
    op.create_table(
        "stripe_events",
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("type", sa.String(80), nullable=False),
        sa.Column("happened_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("payment_id", sa.String(36), nullable=True),
        sa.Column("stripe_payment_intent_id", sa.String(255), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_stripe_events_payment_id_payments")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_events")),
    )
    with op.batch_alter_table("stripe_events") as batch_op:
        batch_op.create_index(batch_op.f("ix_stripe_events_payment_id"), ["payment_id"])
        batch_op.create_index(batch_op.f("ix_stripe_events_stripe_payment_intent_id"), ["stripe_payment_intent_id"])
    with op.batch_alter_table("credit_accounts") as batch_op:
        batch_op.create_check_constraint(op.f("ck_credit_accounts_purchased_not_negative"), "lifetime_purchased >= 0")
        batch_op.create_check_constraint(
            op.f("ck_credit_accounts_refunded_within_used"), "lifetime_refunded BETWEEN 0 AND lifetime_used"
        )
    with op.batch_alter_table("credit_transactions") as batch_op:
        batch_op.create_check_constraint(
            op.f("ck_credit_transactions_refund_is_positive"), "type <> 'refund' OR (amount > 0 AND reserved_delta = 0)"
        )
        batch_op.create_index(batch_op.f("ix_credit_transactions_payment_id"), ["payment_id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_credit_transactions_payment_id_payments"), "payments", ["payment_id"], ["id"]
        )
        batch_op.create_foreign_key(batch_op.f("fk_credit_transactions_actor_id_users"), "users", ["actor_id"], ["id"])


def downgrade() -> None:
    """Take the change back."""
    with op.batch_alter_table("credit_accounts") as batch_op:
        for name in ("purchased_not_negative", "refunded_within_used"):
            batch_op.drop_constraint(op.f(f"ck_credit_accounts_{name}"), type_="check")
    with op.batch_alter_table("credit_transactions") as batch_op:
        batch_op.drop_constraint(op.f("ck_credit_transactions_refund_is_positive"), type_="check")
        batch_op.drop_constraint(batch_op.f("fk_credit_transactions_actor_id_users"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_credit_transactions_payment_id_payments"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_credit_transactions_payment_id"))
    with op.batch_alter_table("stripe_events") as batch_op:
        batch_op.drop_index(batch_op.f("ix_stripe_events_stripe_payment_intent_id"))
        batch_op.drop_index(batch_op.f("ix_stripe_events_payment_id"))

    op.drop_table("stripe_events")
    with op.batch_alter_table("payments") as batch_op:
        batch_op.drop_index("ix_payments_user_id_id")
        batch_op.drop_index("ix_payments_status_created_at")

    op.drop_table("payments")
    with op.batch_alter_table("audit_log") as batch_op:
        batch_op.drop_index("ix_audit_log_subject")
        batch_op.drop_index(batch_op.f("ix_audit_log_actor_id"))

    op.drop_table("audit_log")
    op.drop_table("credit_packages")
