"""The credit ledger: every change of a balance or a hold is one conditional UPDATE and one unique line.

A run holds credits with `reserve` before it spends, and then either `confirm`s or `release`s them. Both settle under
the same key, so a hold ends in one of the two ways, once, however often that is asked for. Everything else is given a
key by its caller: what was done under it already is not done again.
"""

import sqlalchemy as sa
from sqlmodel import Session

from funmagic.credits.errors import AlreadySettled
from funmagic.credits.posting import Entry, post, post_once, settle
from funmagic.credits.statements import LINES, LOCK_ACCOUNT
from funmagic.models.credits import CreditAccount, TransactionType

# Lines of these types carry an admin's words, where no payment made them.
WRITTEN_BY_PEOPLE = (TransactionType.BONUS, TransactionType.REFUND, TransactionType.ADMIN_ADJUST)


def open_account(session: Session, user_id: str) -> None:
    """Give a new user an empty credit account."""
    session.add(CreditAccount(user_id=user_id))
    session.flush()


def grant_welcome(session: Session, user_id: str, amount: int, *, person: str) -> None:
    """Give the welcome credits, once per person, however often they come back as another user; 0 gives none."""
    if amount > 0:
        entry = Entry(
            user_id=user_id,
            type=TransactionType.WELCOME,
            amount=amount,
            description="Welcome credits",
            idempotency_key=f"welcome:{person}",
        )
        post_once(session, entry)


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
    entry = Entry(
        user_id=user_id,
        type=TransactionType.BONUS,
        amount=amount,
        payment_id=payment_id,
        actor_id=actor_id,
        description=description,
        idempotency_key=f"bonus:{key}",
    )
    post(session, entry)


def add_purchase(session: Session, user_id: str, amount: int, *, payment_id: str, description: str = "") -> None:
    """Add the credits of a payment, once per payment."""
    entry = Entry(
        user_id=user_id,
        type=TransactionType.PURCHASE,
        amount=amount,
        lifetime_purchased=amount,
        payment_id=payment_id,
        description=description,
        idempotency_key=f"purchase:{payment_id}",
    )
    post(session, entry)


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
    entry = Entry(
        user_id=user_id,
        type=TransactionType.RESERVATION,
        reserved_delta=amount,
        task_id=task_id,
        payment_id=payment_id,
        description=description,
        idempotency_key=_hold_key(_holder(task_id, payment_id, turn)),
    )
    post(session, entry)


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
    entry = Entry(
        user_id=user_id,
        type=TransactionType.REFUND,
        amount=amount,
        task_id=task_id,
        actor_id=actor_id,
        description=description,
        idempotency_key=f"refund:{key}",
    )
    post(session, entry)


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
    entry = Entry(
        user_id=user_id,
        type=TransactionType.ADMIN_ADJUST,
        amount=amount,
        lifetime_purchased=bought,
        payment_id=payment_id,
        actor_id=actor_id,
        description=description,
        idempotency_key=f"adjust:{key}",
    )
    post(session, entry)


def lock_available(session: Session, user_id: str) -> int:
    """The credits a user can spend; they stay as they are until this transaction ends."""
    return int(session.execute(LOCK_ACCOUNT, {"user_id": user_id}).scalar_one())


def forget_words(session: Session, user_id: str) -> None:
    """Empty what people wrote into a user's lines; every figure stays."""
    written = sa.update(LINES).where(
        LINES.c.user_id == user_id, LINES.c.type.in_(WRITTEN_BY_PEOPLE), LINES.c.payment_id.is_(None)
    )
    session.execute(written.values(description=""))


def _settle(session: Session, holder: str, type_: TransactionType) -> None:
    settled_as = settle(session, type_, hold_key=_hold_key(holder), key=f"settle:{holder}")
    if settled_as != type_:
        raise AlreadySettled(holder, settled_as)


def _holder(task_id: str | None, payment_id: str | None, turn: int = 0) -> str:
    holder = task_id or payment_id
    if holder is None:
        raise ValueError("Credits are held for a task or a payment.")
    return f"{holder}:{turn}" if turn else holder


def _hold_key(holder: str) -> str:
    return f"reserve:{holder}"
