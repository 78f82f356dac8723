"""Operations of the ledger that are asked for many times at once, and what each leaves when it is done."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from sqlmodel import Session, select

from funmagic.core.db import reading, transaction
from funmagic.credits import ledger
from funmagic.credits.errors import AlreadySettled, ImpossibleEntry, InsufficientCredits, NothingReserved
from funmagic.models.base import new_id
from funmagic.models.billing import Payment
from funmagic.models.credits import CreditAccount, CreditTransaction
from funmagic.models.tasks import Task
from funmagic.models.tools import Tool
from funmagic.models.users import User
from tests.funmagic.credits.ledger_model import Account

# What an empty account, and one's own lateness, may answer. Anything else must not surface.
REFUSALS = (AlreadySettled, ImpossibleEntry, InsufficientCredits, NothingReserved)


@dataclass(frozen=True)
class Effect:
    """What a line is to say."""

    key: str
    user: str
    type: str
    amount: int = 0
    held: int = 0
    bought: int = 0


@dataclass(frozen=True)
class Operation:
    """A call of the ledger, and its effect."""

    effect: Effect
    call: Callable[[Session], None]

    def run(self) -> bool:
        """Whether it has been done, now or before; else it was refused."""
        try:
            with transaction() as session:
                self.call(session)
        except REFUSALS:
            return False
        return True


def on_task(user: str, task: str, amount: int) -> list[Operation]:
    """A hold, a charge, what gives the hold back instead, and a refund."""
    hold = Effect(f"reserve:{task}", user, "reservation", held=amount)
    charge = Effect(f"settle:{task}", user, "usage", -amount, -amount)
    way_back = Effect(f"settle:{task}", user, "release", held=-amount)
    refund = Effect(f"refund:{task}", user, "refund", amount)
    refunded = {"task_id": task, "key": task, "actor_id": user}
    return [
        Operation(hold, lambda session: ledger.reserve(session, user, amount, task_id=task)),
        Operation(charge, lambda session: ledger.confirm(session, task_id=task)),
        Operation(way_back, lambda session: ledger.release(session, task_id=task)),
        Operation(refund, lambda session: ledger.refund(session, user, amount, **refunded)),
    ]


def on_payment(user: str, payment: str, amount: int) -> list[Operation]:
    """A purchase and its bonus, a part that is frozen and freed, and a part that is taken back."""
    purchase = Effect(f"purchase:{payment}", user, "purchase", amount, bought=amount)
    bonus = Effect(f"bonus:{payment}", user, "bonus", 7)
    freeze = Effect(f"reserve:{payment}", user, "reservation", held=9)
    thaw = Effect(f"settle:{payment}", user, "release", held=-9)
    taken = Effect(f"adjust:{payment}", user, "admin_adjust", -amount // 2, bought=-amount // 2)
    of_it = {"payment_id": payment}
    returned = of_it | {"key": payment, "description": "", "bought": taken.bought}
    return [
        Operation(purchase, lambda session: ledger.add_purchase(session, user, amount, **of_it)),
        Operation(bonus, lambda session: ledger.grant_bonus(session, user, 7, key=payment, **of_it)),
        Operation(freeze, lambda session: ledger.reserve(session, user, 9, **of_it)),
        Operation(thaw, lambda session: ledger.release(session, **of_it)),
        Operation(taken, lambda session: ledger.adjust(session, user, taken.amount, **returned)),
    ]


def on_person(users: Iterable[str], person: str) -> list[Operation]:
    """The welcome of a person who comes as several users."""
    return [
        Operation(
            Effect(f"welcome:{person}", user, "welcome", 3),
            partial(ledger.grant_welcome, user_id=user, amount=3, person=person),
        )
        for user in users
    ]


def open_accounts(count: int) -> list[str]:
    """New users without credits; returns their ids."""
    users = [User(email=f"{new_id()}@example.com", name="Somebody") for _ in range(count)]
    with transaction() as session:
        session.add_all(users)
        session.flush()
        for user in users:
            ledger.open_account(session, user.id)
    return [user.id for user in users]


def make_tasks(users: Iterable[str]) -> list[tuple[str, str]]:
    """A bare task for each mention of a user; returns the user and the task."""
    with transaction() as session:
        tool = session.exec(select(Tool.id).limit(1)).one()
        blank = {"tool_id": tool, "credits_cost": 0, "request_hash": ""}
        tasks = [Task(user_id=user, idempotency_key=new_id(), **blank) for user in users]
        session.add_all(tasks)
    return [(task.user_id, task.id) for task in tasks]


def make_payments(users: Iterable[str]) -> list[tuple[str, str]]:
    """A bare payment for each mention of a user; returns the user and the payment."""
    sold = {"package_name": "Starter", "amount_cents": 500, "currency": "usd", "credits": 100}
    with transaction() as session:
        payments = [Payment(user_id=user, idempotency_key=new_id(), **sold) for user in users]
        session.add_all(payments)
    return [(payment.user_id, payment.id) for payment in payments]


def read_effects() -> list[Effect]:
    """What the lines say that are there now."""
    with reading() as session:
        rows = session.exec(select(CreditTransaction)).all()
    return [Effect(row.idempotency_key, row.user_id, row.type, row.amount, row.reserved_delta) for row in rows]


def read_accounts() -> dict[str, Account]:
    """All accounts as they are now."""
    with reading() as session:
        rows = session.exec(select(CreditAccount)).all()
    return {row.user_id: account_of(row) for row in rows}


def account_of(row: CreditAccount) -> Account:
    """The figures of an account's row."""
    return Account(row.balance, row.reserved, row.lifetime_purchased, row.lifetime_used, row.lifetime_refunded)
