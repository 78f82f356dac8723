"""The ledger's statements, made once: building them anew costs more than the database needs to run them."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.dml import ReturningUpdate

from funmagic.models.credits import CreditAccount, CreditTransaction

ACCOUNTS: sa.Table = CreditAccount.__table__  # type: ignore[attr-defined]
LINES: sa.Table = CreditTransaction.__table__  # type: ignore[attr-defined]
LIFETIME = (ACCOUNTS.c.lifetime_purchased, ACCOUNTS.c.lifetime_used, ACCOUNTS.c.lifetime_refunded)
# An entry by column: what its line says, and by how much it changes what an account counts over its lifetime.
ENTRY = {column.name: sa.bindparam(f"b_{column.name}", type_=column.type) for column in (*LINES.c, *LIFETIME)}


def bind(**columns: Any) -> dict[str, Any]:
    """The values of columns as parameters; a column's bare name is SQLAlchemy's own in an INSERT or UPDATE."""
    return {f"b_{name}": value for name, value in columns.items()}


def _update_account(entry: Mapping[str, sa.ColumnElement[Any]]) -> ReturningUpdate[Any]:
    """An update of an account that matches nothing where one of the table's constraints would refuse it.

    An error would hide that the entry's key was used: doing a thing again must be harmless even if twice is too much.
    """
    balance = ACCOUNTS.c.balance + entry["amount"]
    reserved = ACCOUNTS.c.reserved + entry["reserved_delta"]
    purchased, used, refunded = (column + entry[column.name] for column in LIFETIME)
    return (
        sa.update(ACCOUNTS)
        .where(ACCOUNTS.c.user_id == entry["user_id"], balance >= 0, reserved >= 0, reserved <= balance)
        .where(purchased >= 0, refunded >= 0, refunded <= used)
        .values(
            balance=balance,
            reserved=reserved,
            lifetime_purchased=purchased,
            lifetime_used=used,
            lifetime_refunded=refunded,
        )
        .returning(ACCOUNTS.c.user_id, ACCOUNTS.c.balance, ACCOUNTS.c.reserved)
    )


def _update_and_insert(entry: Mapping[str, sa.ColumnElement[Any]]) -> sa.Select[Any]:
    account = _update_account(entry).cte("account")
    values = {**entry, "balance_after": account.c.balance, "reserved_after": account.c.reserved}
    row = sa.select(*(values[column.name] for column in LINES.c)).where(account.c.user_id == entry["user_id"])
    line = (
        postgresql.insert(LINES)
        .from_select(LINES.c.keys(), row)
        .on_conflict_do_nothing(index_elements=["idempotency_key"])
        .returning(LINES.c.id)
        .cte("line")
    )
    return sa.select(account.c.user_id, sa.select(line.c.id).scalar_subquery().label("line_id"))


def _settlement() -> Mapping[str, sa.ColumnElement[Any]]:
    """The entry that settles the hold under `hold_key`; `spends` is 1 to charge it and 0 to give it back."""
    spent = LINES.c.reserved_delta * sa.bindparam("spends", type_=sa.Integer)
    nothing = sa.literal(0, sa.Integer)
    hold = (
        sa.select(
            LINES.c.user_id,
            (-spent).label("amount"),
            (-LINES.c.reserved_delta).label("reserved_delta"),
            spent.label("lifetime_used"),
            nothing.label("lifetime_purchased"),
            nothing.label("lifetime_refunded"),
            LINES.c.description,
            LINES.c.task_id,
            LINES.c.payment_id,
            sa.null().label("actor_id"),
        )
        .where(LINES.c.idempotency_key == sa.bindparam("hold_key"))
        .cte("hold")
    )
    return ENTRY | dict(hold.c)


UPDATE_ACCOUNT = _update_account(ENTRY)
INSERT_LINE = sa.insert(LINES).values({column.name: ENTRY[column.name] for column in LINES.c})
# On PostgreSQL account and line are written at once, so that a busy account is locked for as short a time as can be.
POST = _update_and_insert(ENTRY)
SETTLE = _update_and_insert(_settlement())
FIND_LINE = sa.select(LINES).where(LINES.c.idempotency_key == sa.bindparam("idempotency_key"))
LOCK_ACCOUNT = (
    sa.select(ACCOUNTS.c.balance - ACCOUNTS.c.reserved)
    .where(ACCOUNTS.c.user_id == sa.bindparam("user_id"))
    .with_for_update()
)
