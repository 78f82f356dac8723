"""The credit ledger: every change of a balance or a hold is one conditional UPDATE and one unique line.

A task holds credits with `reserve`, and then either `confirm`s or `release`s them. Both settle under the same key,
so a task can do one of the two, once, however often it is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import Session

from funmagic.errors import InsufficientCredits
from funmagic.models.base import new_id, utcnow
from funmagic.models.credits import CreditAccount, CreditTransaction, TransactionType

ACCOUNTS: sa.Table = CreditAccount.__table__  # type: ignore[attr-defined]
LINES: sa.Table = CreditTransaction.__table__  # type: ignore[attr-defined]
# The statements are made once: building them anew costs more than the database needs to run them.
# What an entry's line is written from; its first five are also what changes the account.
GIVEN = {
    value: sa.bindparam(value, type_=LINES.c[column].type)
    for value, column in {
        "owner": "user_id",
        "by": "amount",
        "held": "reserved_delta",
        "used": "amount",
        "note": "description",
        "line_id": "id",
        "at": "created_at",
        "kind": "type",
        "task": "task_id",
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
    "description": "note",
    "idempotency_key": "key",
}


def _update_account(terms: Mapping[str, sa.ColumnElement[Any]]) -> ReturningUpdate[Any]:
    balance, reserved = ACCOUNTS.c.balance + terms["by"], ACCOUNTS.c.reserved + terms["held"]
    return (
        sa.update(ACCOUNTS)
        .where(ACCOUNTS.c.user_id == terms["owner"], balance >= 0, reserved >= 0, reserved <= balance)
        .values(balance=balance, reserved=reserved, lifetime_used=ACCOUNTS.c.lifetime_used + terms["used"])
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
    return sa.select(account.c.balance, sa.select(line.c.id).scalar_subquery().label("line_id"))


def _terms_of_a_hold() -> Mapping[str, sa.ColumnElement[Any]]:
    """What settles a task's hold; `spends` is 1 to charge it and 0 to give it back."""
    spent = LINES.c.reserved_delta * sa.bindparam("spends", type_=sa.Integer)
    hold = (
        sa.select(
            LINES.c.user_id.label("owner"),
            (-spent).label("by"),
            (-LINES.c.reserved_delta).label("held"),
            spent.label("used"),
            LINES.c.description.label("note"),
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
FIND_LINE = sa.select(LINES.c.user_id, LINES.c.type, LINES.c.reserved_delta, LINES.c.description).where(
    LINES.c.idempotency_key == sa.bindparam("key")
)


class AlreadySettled(Exception):
    """A task's hold was already settled the other way."""


class NothingReserved(Exception):
    """There is no hold for this task."""


@dataclass(frozen=True)
class Entry:
    """What one ledger line changes, and the key that may be used once."""

    user_id: str
    type: TransactionType
    amount: int
    reserved_delta: int
    key: str
    task_id: str | None = None
    description: str = ""

    def values(self) -> dict[str, Any]:
        """What the statements above are given."""
        return {
            "line_id": new_id(),
            "at": utcnow(),
            "owner": self.user_id,
            "kind": self.type,
            "by": self.amount,
            "held": self.reserved_delta,
            "used": -self.amount if self.type == TransactionType.USAGE else 0,
            "task": self.task_id,
            "note": self.description,
            "key": self.key,
        }


def open_account(session: Session, user_id: str) -> None:
    """Give a new user an empty credit account."""
    session.add(CreditAccount(user_id=user_id))
    session.flush()


def grant_welcome(session: Session, user_id: str, amount: int, *, person: str) -> None:
    """Give the welcome credits, once per person, however often they come back as another user; 0 gives none."""
    if amount > 0:
        entry = Entry(user_id, TransactionType.WELCOME, amount, 0, f"welcome:{person}", description="Welcome credits")
        _post(session, entry)


def reserve(session: Session, user_id: str, amount: int, *, task_id: str, description: str = "") -> None:
    """Hold credits for a task; raises InsufficientCredits when fewer than `amount` are available."""
    entry = Entry(
        user_id, TransactionType.RESERVATION, 0, amount, _hold_key(task_id), task_id=task_id, description=description
    )
    _post(session, entry)


def confirm(session: Session, *, task_id: str) -> None:
    """Spend what the task holds; raises AlreadySettled when it was released."""
    _settle(session, task_id, TransactionType.USAGE)


def release(session: Session, *, task_id: str) -> None:
    """Give back what the task holds; raises AlreadySettled when it was spent."""
    _settle(session, task_id, TransactionType.RELEASE)


def forget_words(session: Session, user_id: str) -> None:
    """Empty what people wrote into a user's lines; every figure stays."""
    written = sa.update(LINES).where(LINES.c.user_id == user_id, LINES.c.type == TransactionType.ADMIN_ADJUST)
    session.execute(written.values(description=""))


def _settle(session: Session, task_id: str, type_: TransactionType) -> None:
    settled_as = _settle_in_one(session, task_id, type_) if _is_postgresql(session) else None
    if settled_as is None:
        settled_as = _post(session, _settlement(session, task_id, type_))
    if settled_as != type_:
        raise AlreadySettled(task_id, settled_as)


def _settle_in_one(session: Session, task_id: str, type_: TransactionType) -> str | None:
    """Look the hold up in the statement that settles it; None when this is not the first time, or there is none."""
    now = {"line_id": new_id(), "at": utcnow(), "kind": type_, "task": task_id, "key": _settle_key(task_id)}
    settles = {"hold": _hold_key(task_id), "spends": int(type_ == TransactionType.USAGE)}
    posted = session.execute(SETTLE, now | settles).one_or_none()
    if posted is None:
        return None
    return type_ if posted.line_id else _yield_to_earlier(session, _settlement(session, task_id, type_))


def _settlement(session: Session, task_id: str, type_: TransactionType) -> Entry:
    hold = _find(session, _hold_key(task_id))
    if hold is None:
        raise NothingReserved(task_id)
    return Entry(
        hold.user_id,
        type_,
        -hold.reserved_delta if type_ == TransactionType.USAGE else 0,
        -hold.reserved_delta,
        _settle_key(task_id),
        task_id=task_id,
        description=hold.description,
    )


def _post(session: Session, entry: Entry) -> str:
    """Write an entry unless its key was used; returns the type of the line that holds the key."""
    if not _is_postgresql(session):
        return _post_in_two(session, entry)
    posted = session.execute(POST, entry.values()).one_or_none()
    if posted is None:
        return _type_of_earlier(session, entry)
    return entry.type if posted.line_id else _yield_to_earlier(session, entry)


def _post_in_two(session: Session, entry: Entry) -> str:
    """The same for SQLite, which cannot write two tables in one statement, but lets nobody else write meanwhile."""
    if earlier := _find(session, entry.key):
        return str(earlier.type)
    account = session.execute(UPDATE_ACCOUNT, entry.values()).one_or_none()
    if account is None:
        raise InsufficientCredits
    session.execute(INSERT_LINE, entry.values() | {"balance": account.balance, "reserved": account.reserved})
    return entry.type


def _yield_to_earlier(session: Session, entry: Entry) -> str:
    """Take back what was done to the account, which we hold: the entry's key turned out to be used."""
    values = entry.values()
    session.execute(UPDATE_ACCOUNT, values | {name: -values[name] for name in ("by", "held", "used")})
    return _type_of_earlier(session, entry)


def _type_of_earlier(session: Session, entry: Entry) -> str:
    earlier = _find(session, entry.key)
    if earlier is None:
        raise InsufficientCredits
    return str(earlier.type)


def _find(session: Session, key: str) -> sa.Row[Any] | None:
    return session.execute(FIND_LINE, {"key": key}).one_or_none()


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _settle_key(task_id: str) -> str:
    return f"settle:{task_id}"


def _hold_key(task_id: str) -> str:
    return f"reserve:{task_id}"
