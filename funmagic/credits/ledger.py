"""The credit ledger: every change of a balance or a hold is one conditional UPDATE and one unique line.

A task holds credits with `reserve`, and then either `confirm`s or `release`s them. Both settle under the same key,
so a task can do one of the two, once, however often it is asked.
"""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from funmagic.errors import InsufficientCredits
from funmagic.models.base import new_id, utcnow
from funmagic.models.credits import CreditAccount, CreditTransaction, TransactionType


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
    if earlier := _find(session, entry.key):
        return earlier.type
    try:
        with session.begin_nested():
            account = session.execute(_account_update(entry)).one_or_none()
            if account is None:
                # The UPDATE may have waited for a session that used this very key: then that line is the answer.
                if earlier := _find(session, entry.key):
                    return earlier.type
                raise InsufficientCredits
            session.execute(_line_insert(entry, account.balance, account.reserved))
    except IntegrityError:
        # Another session used the key between our look and our insert; ours has been rolled back to the savepoint.
        earlier = _find(session, entry.key)
        if earlier is None:
            raise
        return earlier.type
    return entry.type


def _account_update(entry: Entry) -> sa.UpdateBase:
    account = CreditAccount
    held, owned = col(account.reserved) + entry.reserved_delta, col(account.balance) + entry.amount
    changes: dict[str, object] = {"balance": owned, "reserved": held}
    if entry.type == TransactionType.USAGE:
        changes["lifetime_used"] = col(account.lifetime_used) - entry.amount
    return (
        sa.update(account)
        .where(col(account.user_id) == entry.user_id, owned >= 0, held >= 0, held <= owned)
        .values(changes)
        .returning(col(account.balance), col(account.reserved))
    )


def _line_insert(entry: Entry, balance: int, reserved: int) -> sa.Insert:
    return sa.insert(CreditTransaction).values(
        id=new_id(),
        created_at=utcnow(),
        user_id=entry.user_id,
        type=entry.type,
        amount=entry.amount,
        reserved_delta=entry.reserved_delta,
        balance_after=balance,
        reserved_after=reserved,
        task_id=entry.task_id,
        description=entry.description,
        idempotency_key=entry.key,
    )


def _find(session: Session, key: str) -> CreditTransaction | None:
    return session.exec(select(CreditTransaction).where(CreditTransaction.idempotency_key == key)).one_or_none()


def _hold_key(task_id: str) -> str:
    return f"reserve:{task_id}"
