"""The credit ledger: every change of a balance or a hold is one conditional UPDATE and one unique line.

A task holds credits with `reserve`, and then either `confirm`s or `release`s them. Both settle under the same key,
so a task can do one of the two, once, however often it is asked.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlmodel import Session

from funmagic.errors import InsufficientCredits
from funmagic.models.base import new_id, utcnow
from funmagic.models.credits import CreditAccount, CreditTransaction, TransactionType

ACCOUNTS: sa.Table = CreditAccount.__table__  # type: ignore[attr-defined]
LINES: sa.Table = CreditTransaction.__table__  # type: ignore[attr-defined]
# The statements are made once: building them anew costs more than the database needs to run them.
BALANCE, RESERVED = ACCOUNTS.c.balance + sa.bindparam("by"), ACCOUNTS.c.reserved + sa.bindparam("held")
UPDATE_ACCOUNT = (
    sa.update(ACCOUNTS)
    .where(ACCOUNTS.c.user_id == sa.bindparam("owner"), BALANCE >= 0, RESERVED >= 0, RESERVED <= BALANCE)
    .values(balance=BALANCE, reserved=RESERVED, lifetime_used=ACCOUNTS.c.lifetime_used + sa.bindparam("used"))
    .returning(ACCOUNTS.c.balance, ACCOUNTS.c.reserved)
)
# Which of an entry's values goes into which column of its line.
LINE = {
    column: sa.bindparam(value, type_=LINES.c[column].type)
    for column, value in {
        "id": "line_id",
        "created_at": "at",
        "user_id": "owner",
        "type": "kind",
        "amount": "by",
        "reserved_delta": "held",
        "task_id": "task",
        "description": "note",
        "idempotency_key": "key",
    }.items()
}
INSERT_LINE = sa.insert(LINES).values(
    **LINE, balance_after=sa.bindparam("balance"), reserved_after=sa.bindparam("reserved")
)
FIND_LINE = sa.select(LINES.c.user_id, LINES.c.type, LINES.c.reserved_delta, LINES.c.description).where(
    LINES.c.idempotency_key == sa.bindparam("key")
)


def _update_and_insert() -> sa.Select[Any]:
    account = UPDATE_ACCOUNT.cte("account")
    line = (
        postgresql.insert(LINES)
        .from_select(
            [*LINE, "balance_after", "reserved_after"],
            sa.select(*LINE.values(), account.c.balance, account.c.reserved),
        )
        .on_conflict_do_nothing(index_elements=["idempotency_key"])
        .returning(LINES.c.id)
        .cte("line")
    )
    return sa.select(account.c.balance, sa.select(line.c.id).scalar_subquery().label("line_id"))


UPDATE_AND_INSERT = _update_and_insert()


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


def grant_welcome(session: Session, user_id: str, amount: int) -> None:
    """Give the welcome credits, once per user; 0 gives none."""
    if amount > 0:
        entry = Entry(user_id, TransactionType.WELCOME, amount, 0, f"welcome:{user_id}", description="Welcome credits")
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


def _settle(session: Session, task_id: str, type_: TransactionType) -> None:
    hold = _find(session, _hold_key(task_id))
    if hold is None:
        raise NothingReserved(task_id)
    amount = -hold.reserved_delta if type_ == TransactionType.USAGE else 0
    settled_as = _post(
        session,
        Entry(
            hold.user_id,
            type_,
            amount,
            -hold.reserved_delta,
            f"settle:{task_id}",
            task_id=task_id,
            description=hold.description,
        ),
    )
    if settled_as != type_:
        raise AlreadySettled(task_id, settled_as)


def _post(session: Session, entry: Entry) -> str:
    """Write an entry unless its key was used; returns the type of the line that holds the key."""
    if session.get_bind().dialect.name == "postgresql":
        return _post_in_one(session, entry)
    return _post_in_two(session, entry)


def _post_in_one(session: Session, entry: Entry) -> str:
    """Account and line in one statement, so that a busy account is locked for as short a time as can be."""
    posted = session.execute(UPDATE_AND_INSERT, entry.values()).one_or_none()
    if posted is not None and posted.line_id is not None:
        return entry.type
    if posted is not None:
        # The UPDATE waited for a session that then used this very key: take ours back while we hold the account.
        values = entry.values()
        session.execute(UPDATE_ACCOUNT, values | {name: -values[name] for name in ("by", "held", "used")})
    earlier = _find(session, entry.key)
    if earlier is None:
        raise InsufficientCredits
    return str(earlier.type)


def _post_in_two(session: Session, entry: Entry) -> str:
    """The same for SQLite, which cannot write two tables in one statement, but lets nobody else write meanwhile."""
    if earlier := _find(session, entry.key):
        return str(earlier.type)
    account = session.execute(UPDATE_ACCOUNT, entry.values()).one_or_none()
    if account is None:
        raise InsufficientCredits
    session.execute(INSERT_LINE, entry.values() | {"balance": account.balance, "reserved": account.reserved})
    return entry.type


def _find(session: Session, key: str) -> sa.Row[Any] | None:
    return session.execute(FIND_LINE, {"key": key}).one_or_none()


def _hold_key(task_id: str) -> str:
    return f"reserve:{task_id}"
