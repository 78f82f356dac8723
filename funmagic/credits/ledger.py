"""The credit ledger: every change of a balance or a hold is one conditional UPDATE and one unique line.

Whoever is about to spend holds credits with `reserve`, and then either `confirm`s or `release`s them. Both settle under
the same key, so a hold ends in one of the two ways, once, however often that is asked for. Everything else is given a
key by its caller: what was done under it already is not done again.
"""

from dataclasses import dataclass, replace
from operator import index
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from funmagic.core.live.viewers import tell_of_change
from funmagic.credits.errors import InsufficientCredits
from funmagic.credits.statements import (
    FIND_LINE,
    INSERT_LINE,
    LINES,
    LOCK_ACCOUNT,
    POST,
    SETTLE,
    UPDATE_ACCOUNT,
)
from funmagic.models.base import new_id, utcnow
from funmagic.models.credits import CreditAccount, TransactionType

# Lines of these types carry an admin's words, where no payment made them.
WRITTEN_BY_PEOPLE = (TransactionType.BONUS, TransactionType.REFUND, TransactionType.ADMIN_ADJUST)


class AlreadySettled(Exception):
    """A hold was already settled the other way."""


class NothingReserved(Exception):
    """There is no such hold."""


class KeyTaken(Exception):
    """The key was used for a line of somebody else."""


class ImpossibleEntry(Exception):
    """There is no such account, or more would go back than was ever used or bought."""


@dataclass(frozen=True)
class Entry:
    """What one ledger line changes, and the key that may be used once."""

    user_id: str
    type: TransactionType
    amount: int
    reserved_delta: int
    key: str
    task_id: str | None = None
    payment_id: str | None = None
    actor_id: str | None = None
    # By how much the credits ever bought grow.
    bought: int = 0
    description: str = ""

    def values(self) -> dict[str, Any]:
        """What the statements are given; raises TypeError for a part of a credit."""
        return {
            "line_id": new_id(),
            "at": utcnow(),
            "owner": self.user_id,
            "kind": self.type,
            "by": index(self.amount),
            "held": index(self.reserved_delta),
            "used": -self.amount if self.type == TransactionType.USAGE else 0,
            "bought": index(self.bought),
            "returned": self.amount if self.type == TransactionType.REFUND else 0,
            "task": self.task_id,
            "payment": self.payment_id,
            "actor": self.actor_id,
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
        key = f"welcome:{person}"
        _post(session, Entry(user_id, TransactionType.WELCOME, amount, 0, key, description="Welcome credits"))


def was_welcomed(session: Session, user_id: str) -> bool:
    """Whether a user has been given welcome credits, as whichever person."""
    line = sa.select(LINES.c.id).where(LINES.c.user_id == user_id, LINES.c.type == TransactionType.WELCOME)
    return session.execute(line).first() is not None


def grant_bonus(
    session: Session,
    user_id: str,
    amount: int,
    *,
    key: str,
    description: str = "",
    payment_id: str | None = None,
    actor_id: str | None = None,
) -> None:
    """Give credits away: on top of a purchase, or because an admin says so."""
    entry = Entry(user_id, TransactionType.BONUS, amount, 0, f"bonus:{key}", None, payment_id, actor_id)
    _post_own(session, replace(entry, description=description))


def add_purchase(session: Session, user_id: str, amount: int, *, payment_id: str, description: str = "") -> None:
    """Add the credits of a payment, once per payment."""
    entry = Entry(user_id, TransactionType.PURCHASE, amount, 0, f"purchase:{payment_id}", payment_id=payment_id)
    _post_own(session, replace(entry, bought=amount, description=description))


def reserve(
    session: Session,
    user_id: str,
    amount: int,
    *,
    task_id: str | None = None,
    payment_id: str | None = None,
    turn: int = 0,
    description: str = "",
) -> None:
    """Hold credits for a task, or for a payment that is disputed; raises InsufficientCredits when too few are there.

    A payment may hold again what it gave back: `turn` numbers its holds.
    """
    key = _hold_key(_holder(task_id, payment_id, turn))
    entry = Entry(user_id, TransactionType.RESERVATION, 0, amount, key, task_id, payment_id, description=description)
    _post_own(session, entry)


def confirm(session: Session, *, task_id: str) -> None:
    """Spend what the task holds; raises AlreadySettled when it was released."""
    _settle(session, task_id, TransactionType.USAGE)


def release(session: Session, *, task_id: str | None = None, payment_id: str | None = None, turn: int = 0) -> None:
    """Give back what the task or the payment holds; raises AlreadySettled when it was spent."""
    _settle(session, _holder(task_id, payment_id, turn), TransactionType.RELEASE)


def refund(
    session: Session, user_id: str, amount: int, *, task_id: str, key: str, actor_id: str | None, description: str = ""
) -> None:
    """Give back credits that a task has spent; how many may come back is the caller's to check."""
    entry = Entry(user_id, TransactionType.REFUND, amount, 0, f"refund:{key}", task_id, None, actor_id)
    _post_own(session, replace(entry, description=description))


def adjust(
    session: Session,
    user_id: str,
    amount: int,
    *,
    key: str,
    description: str,
    actor_id: str | None = None,
    payment_id: str | None = None,
    bought: int = 0,
) -> None:
    """Add credits, or take some; raises InsufficientCredits where fewer are available.

    `bought` is by how much the credits ever bought change with it, where money goes back.
    """
    entry = Entry(user_id, TransactionType.ADMIN_ADJUST, amount, 0, f"adjust:{key}", None, payment_id, actor_id, bought)
    _post_own(session, replace(entry, description=description))


def lock_available(session: Session, user_id: str) -> int:
    """The credits a user can spend; they stay as they are until this transaction ends."""
    return int(session.execute(LOCK_ACCOUNT, {"owner": user_id}).scalar_one())


def forget_words(session: Session, user_id: str) -> None:
    """Empty what people wrote into a user's lines; every figure stays."""
    written = sa.update(LINES).where(
        LINES.c.user_id == user_id, LINES.c.type.in_(WRITTEN_BY_PEOPLE), LINES.c.payment_id.is_(None)
    )
    session.execute(written.values(description=""))


def _settle(session: Session, holder: str, type_: TransactionType) -> None:
    settled_as = _settle_in_one(session, holder, type_) if _is_postgresql(session) else None
    if settled_as is None:
        earlier = _post(session, _settlement(session, holder, type_))
        settled_as = type_ if earlier is None else earlier.type
    if settled_as != type_:
        raise AlreadySettled(holder, settled_as)


def _settle_in_one(session: Session, holder: str, type_: TransactionType) -> str | None:
    """Look the hold up in the statement that settles it; None when this is not the first time, or there is none."""
    now = {"line_id": new_id(), "at": utcnow(), "kind": type_, "key": _settle_key(holder)}
    settles = {"hold": _hold_key(holder), "spends": int(type_ == TransactionType.USAGE)}
    posted = session.execute(SETTLE, now | settles).one_or_none()
    if posted is None:
        return None
    if posted.line_id is None:
        return str(_yield_to_earlier(session, _settlement(session, holder, type_)).type)
    tell_of_change(session, posted.user_id)
    return type_


def _settlement(session: Session, holder: str, type_: TransactionType) -> Entry:
    hold = _find(session, _hold_key(holder))
    if hold is None:
        raise NothingReserved(holder)
    return Entry(
        hold.user_id,
        type_,
        -hold.reserved_delta if type_ == TransactionType.USAGE else 0,
        -hold.reserved_delta,
        _settle_key(holder),
        task_id=hold.task_id,
        payment_id=hold.payment_id,
        description=hold.description,
    )


def _post_own(session: Session, entry: Entry) -> None:
    """Write an entry unless that was done before; raises KeyTaken where its key was used for somebody else."""
    earlier = _post(session, entry)
    if earlier is not None and earlier.user_id != entry.user_id:
        raise KeyTaken(entry.key)


def _post(session: Session, entry: Entry) -> sa.Row[Any] | None:
    """Write an entry unless its key was used; returns the line that holds the key when it was."""
    if not _is_postgresql(session):
        return _post_in_two(session, entry)
    posted = session.execute(POST, entry.values()).one_or_none()
    if posted is None:
        return _find_earlier(session, entry)
    if posted.line_id is None:
        return _yield_to_earlier(session, entry)
    tell_of_change(session, entry.user_id)
    return None


def _post_in_two(session: Session, entry: Entry) -> sa.Row[Any] | None:
    """The same for SQLite, which cannot write two tables in one statement, but lets nobody else write meanwhile."""
    if earlier := _find(session, entry.key):
        return earlier
    account = session.execute(UPDATE_ACCOUNT, entry.values()).one_or_none()
    if account is None:
        raise _refusal(entry)
    session.execute(INSERT_LINE, entry.values() | {"balance": account.balance, "reserved": account.reserved})
    tell_of_change(session, entry.user_id)
    return None


def _yield_to_earlier(session: Session, entry: Entry) -> sa.Row[Any]:
    """Take back what was done to the account, which we hold: the entry's key turned out to be used."""
    values = entry.values()
    undone = {name: -values[name] for name in ("by", "held", "used", "bought", "returned")}
    session.execute(UPDATE_ACCOUNT, values | undone)
    return _find_earlier(session, entry)


def _find_earlier(session: Session, entry: Entry) -> sa.Row[Any]:
    earlier = _find(session, entry.key)
    if earlier is None:
        raise _refusal(entry)
    return earlier


def _refusal(entry: Entry) -> Exception:
    takes = entry.amount < 0 or entry.reserved_delta > 0
    return InsufficientCredits() if takes else ImpossibleEntry(entry.key)


def _find(session: Session, key: str) -> sa.Row[Any] | None:
    return session.execute(FIND_LINE, {"key": key}).one_or_none()


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _holder(task_id: str | None, payment_id: str | None, turn: int = 0) -> str:
    holder = task_id or payment_id
    if holder is None:
        raise ValueError("Credits are held for a task or a payment.")
    return f"{holder}:{turn}" if turn else holder


def _settle_key(holder: str) -> str:
    return f"settle:{holder}"


def _hold_key(holder: str) -> str:
    return f"reserve:{holder}"
