"""The ledger's statements, made once: building them anew costs more than the database needs to run them."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.dml import ReturningUpdate

from funmagic.models.credits import CreditAccount, CreditTransaction

ACCOUNTS: sa.Table = CreditAccount.__table__  # type: ignore[attr-defined]
LINES: sa.Table = CreditTransaction.__table__  # type: ignore[attr-defined]
# What changes the account, and what an entry's line is written from.
GIVEN = {
    value: sa.bindparam(value, type_=LINES.c[column].type)
    for value, column in {
        "owner": "user_id",
        "by": "amount",
        "held": "reserved_delta",
        "used": "amount",
        "bought": "amount",
        "returned": "amount",
        "note": "description",
        "line_id": "id",
        "at": "created_at",
        "kind": "type",
        "task": "task_id",
        "payment": "payment_id",
        "actor": "actor_id",
        "key": "idempotency_key",
    }.items()
}
LINE = {
    "id": "line_id",
    "created_at": "at",
    "user_id": "owner",
    "type": "kind",
    "amount": "by",
    "reserved_delta": "held",
    "task_id": "task",
    "payment_id": "payment",
    "actor_id": "actor",
    "description": "note",
    "idempotency_key": "key",
}


def _update_account(terms: Mapping[str, sa.ColumnElement[Any]]) -> ReturningUpdate[Any]:
    """An update of an account that matches nothing where one of the table's constraints would refuse it.

    An error would hide that the entry's key was used: doing a thing again must be harmless even if twice is too much.
    """
    balance, reserved = ACCOUNTS.c.balance + terms["by"], ACCOUNTS.c.reserved + terms["held"]
    purchased = ACCOUNTS.c.lifetime_purchased + terms["bought"]
    used = ACCOUNTS.c.lifetime_used + terms["used"]
    refunded = ACCOUNTS.c.lifetime_refunded + terms["returned"]
    return (
        sa.update(ACCOUNTS)
        .where(ACCOUNTS.c.user_id == terms["owner"], balance >= 0, reserved >= 0, reserved <= balance)
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


def _update_and_insert(terms: Mapping[str, sa.ColumnElement[Any]]) -> sa.Select[Any]:
    account = _update_account(terms).cte("account")
    values = [terms[value] for value in LINE.values()]
    line = (
        postgresql.insert(LINES)
        .from_select(
            [*LINE, "balance_after", "reserved_after"],
            sa.select(*values, account.c.balance, account.c.reserved).where(account.c.user_id == terms["owner"]),
        )
        .on_conflict_do_nothing(index_elements=["idempotency_key"])
        .returning(LINES.c.id)
        .cte("line")
    )
    return sa.select(account.c.user_id, sa.select(line.c.id).scalar_subquery().label("line_id"))


def _terms_of_a_hold() -> Mapping[str, sa.ColumnElement[Any]]:
    """What settles a hold; `spends` is 1 to charge it and 0 to give it back."""
    spent = LINES.c.reserved_delta * sa.bindparam("spends", type_=sa.Integer)
    hold = (
        sa.select(
            LINES.c.user_id.label("owner"),
            (-spent).label("by"),
            (-LINES.c.reserved_delta).label("held"),
            spent.label("used"),
            *(sa.literal(0, sa.Integer).label(name) for name in ("bought", "returned")),
            LINES.c.description.label("note"),
            LINES.c.task_id.label("task"),
            LINES.c.payment_id.label("payment"),
            sa.null().label("actor"),
        )
        .where(LINES.c.idempotency_key == sa.bindparam("hold"))
        .cte("hold")
    )
    return GIVEN | dict(hold.c)


UPDATE_ACCOUNT = _update_account(GIVEN)
INSERT_LINE = sa.insert(LINES).values(
    **{column: GIVEN[value] for column, value in LINE.items()},
    balance_after=sa.bindparam("balance"),
    reserved_after=sa.bindparam("reserved"),
)
# On PostgreSQL account and line are written at once, so that a busy account is locked for as short a time as can be.
POST = _update_and_insert(GIVEN)
SETTLE = _update_and_insert(_terms_of_a_hold())
FIND_LINE = sa.select(
    *(LINES.c[name] for name in ("user_id", "type", "reserved_delta", "description", "task_id", "payment_id"))
).where(LINES.c.idempotency_key == sa.bindparam("key"))
LOCK_ACCOUNT = (
    sa.select(ACCOUNTS.c.balance - ACCOUNTS.c.reserved)
    .where(ACCOUNTS.c.user_id == sa.bindparam("owner"))
    .with_for_update()
)
