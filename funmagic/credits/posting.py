"""How an entry is posted: the account changes and its line is written together, once under the entry's key."""

from dataclasses import dataclass, replace
from operator import index
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from funmagic.core.live.user_channel import publish_change_after_commit
from funmagic.credits.errors import ImpossibleEntry, InsufficientCredits, KeyTaken, NothingReserved
from funmagic.credits.statements import FIND_LINE, INSERT_LINE, POST, SETTLE, UPDATE_ACCOUNT, bind
from funmagic.models.base import new_id, utcnow
from funmagic.models.credits import TransactionType


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A ledger line to be posted, in the columns' own names; its key may be used once."""

    user_id: str
    type: TransactionType
    amount: int = 0
    reserved_delta: int = 0
    # By how much the credits ever bought change.
    lifetime_purchased: int = 0
    task_id: str | None = None
    payment_id: str | None = None
    actor_id: str | None = None
    description: str = ""
    idempotency_key: str

    def values(self) -> dict[str, Any]:
        """What the statements are given; raises TypeError for a part of a credit."""
        for credits_ in (self.amount, self.reserved_delta, self.lifetime_purchased):
            index(credits_)
        return bind(
            **vars(self),
            id=new_id(),
            created_at=utcnow(),
            lifetime_used=-self.amount if self.type == TransactionType.USAGE else 0,
            lifetime_refunded=self.amount if self.type == TransactionType.REFUND else 0,
        )


def post(session: Session, entry: Entry) -> None:
    """Post an entry unless that was done before; raises KeyTaken where its key was used for another user."""
    earlier = post_once(session, entry)
    if earlier is not None and earlier.user_id != entry.user_id:
        raise KeyTaken(entry.idempotency_key)


def post_once(session: Session, entry: Entry) -> sa.Row[Any] | None:
    """Post an entry unless its key was used, by any user; returns the line that used it."""
    if not _is_postgresql(session):
        return _post_in_two(session, entry)
    posted = session.execute(POST, entry.values()).one_or_none()
    if posted is None:
        return _find_earlier(session, entry)
    if posted.line_id is None:
        return _yield_to_earlier(session, entry)
    publish_change_after_commit(session, entry.user_id)
    return None


def settle(session: Session, type_: TransactionType, *, hold_key: str, key: str) -> str:
    """Charge a hold or give it back, unless either was done before; returns the type of the line that settles it."""
    if not _is_postgresql(session):
        return _settle_as_found(session, type_, hold_key, key)
    line = bind(id=new_id(), created_at=utcnow(), type=type_, idempotency_key=key)
    hold = {"hold_key": hold_key, "spends": int(type_ == TransactionType.USAGE)}
    posted = session.execute(SETTLE, line | hold).one_or_none()
    if posted is None:
        # There is no such hold, or it was settled before and the account cannot bear it twice.
        return _settle_as_found(session, type_, hold_key, key)
    if posted.line_id is None:
        return str(_yield_to_earlier(session, _find_settlement(session, type_, hold_key, key)).type)
    publish_change_after_commit(session, posted.user_id)
    return type_


def _settle_as_found(session: Session, type_: TransactionType, hold_key: str, key: str) -> str:
    earlier = post_once(session, _find_settlement(session, type_, hold_key, key))
    return type_ if earlier is None else str(earlier.type)


def _find_settlement(session: Session, type_: TransactionType, hold_key: str, key: str) -> Entry:
    hold = _find(session, hold_key)
    if hold is None:
        raise NothingReserved(hold_key)
    return Entry(
        user_id=hold.user_id,
        type=type_,
        amount=-hold.reserved_delta if type_ == TransactionType.USAGE else 0,
        reserved_delta=-hold.reserved_delta,
        task_id=hold.task_id,
        payment_id=hold.payment_id,
        description=hold.description,
        idempotency_key=key,
    )


def _post_in_two(session: Session, entry: Entry) -> sa.Row[Any] | None:
    """The same for SQLite, which cannot write two tables in one statement, but has one writer at a time."""
    if earlier := _find(session, entry.idempotency_key):
        return earlier
    account = session.execute(UPDATE_ACCOUNT, entry.values()).one_or_none()
    if account is None:
        raise _refusal(entry)
    after = bind(balance_after=account.balance, reserved_after=account.reserved)
    session.execute(INSERT_LINE, entry.values() | after)
    publish_change_after_commit(session, entry.user_id)
    return None


def _yield_to_earlier(session: Session, entry: Entry) -> sa.Row[Any]:
    """Take back what was done to the account, which we hold: the entry's key turned out to be used."""
    opposite = replace(
        entry,
        amount=-entry.amount,
        reserved_delta=-entry.reserved_delta,
        lifetime_purchased=-entry.lifetime_purchased,
    )
    session.execute(UPDATE_ACCOUNT, opposite.values())
    return _find_earlier(session, entry)


def _find_earlier(session: Session, entry: Entry) -> sa.Row[Any]:
    earlier = _find(session, entry.idempotency_key)
    if earlier is None:
        raise _refusal(entry)
    return earlier


def _refusal(entry: Entry) -> Exception:
    takes = entry.amount < 0 or entry.reserved_delta > 0
    return InsufficientCredits() if takes else ImpossibleEntry(entry.idempotency_key)


def _find(session: Session, key: str) -> sa.Row[Any] | None:
    return session.execute(FIND_LINE, {"idempotency_key": key}).one_or_none()


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
