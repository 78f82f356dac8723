"""Books with one of each kind in them, and what it takes to falsify them."""

from dataclasses import dataclass

import sqlalchemy as sa

from funmagic.core.db import snapshot, transaction
from funmagic.credits import ledger
from funmagic.credits.audit import audit_credits
from funmagic.models.base import new_id, utcnow
from funmagic.models.billing import DisputeStatus, Payment, PaymentDispute, PaymentRefund, PaymentStatus
from funmagic.models.credits import CreditAccount, CreditTransaction
from funmagic.sessions.viewer import Viewer
from tests.factories import make_payment
from tests.funmagic.credits.runs import confirm, release, reserve

OF_333_CENTS, OF_360_CENTS = ({"cents": cents, "currency": "usd", "share_cents": cents} for cents in (333, 360))


@dataclass(frozen=True)
class World:
    """Alice's tasks and payments, one of each kind."""

    alice: Viewer
    live: str
    completed: str
    failed: str
    paid: str
    disputed: str
    unpaid: str


def make_world(alice: Viewer, bob: Viewer) -> World:
    """All that can become of credits, done as the product does it."""
    completed = reserve(alice, 20)
    confirm(completed)
    with transaction() as session:
        ledger.refund(session, alice.id, 5, task_id=completed, key="refund", actor_id=None)
        ledger.grant_bonus(session, alice.id, 3, key="gift", actor_id=bob.id)
        ledger.adjust(session, alice.id, -2, key="correction", description="Too many")
    failed = reserve(alice, 10)
    release(failed)
    paid = pay(alice)
    with transaction() as session:
        give_back(session, session.get_one(Payment, paid))
    disputed = pay(alice)
    with transaction() as session:
        ledger.reserve(session, alice.id, 40, payment_id=disputed)
        session.add(PaymentDispute(payment_id=disputed, id="du", **OF_360_CENTS, status="needs_response"))
        stands = {"dispute": DisputeStatus.OPEN, "disputed_cents": 360, "frozen_cents": 360}
        change(session, Payment, disputed, **stands, frozen_credits=40)
    return World(alice, reserve(alice, 7), completed, failed, paid, disputed, make_payment(alice))


def pay(viewer: Viewer) -> str:
    payment_id = make_payment(viewer, status=PaymentStatus.PAID, paid_at=utcnow())
    with transaction() as session:
        ledger.add_purchase(session, viewer.id, 100, payment_id=payment_id)
        ledger.grant_bonus(session, viewer.id, 11, key=payment_id, payment_id=payment_id)
    return payment_id


def give_back(session, payment):
    """A third of it: 36 credits, of which 6 are spent already; 33 of them were bought."""
    session.add(PaymentRefund(payment_id=payment.id, id="re", **OF_333_CENTS, status="succeeded"))
    payment.refunded_cents = payment.settled_cents = 333
    payment.taken_credits, payment.shortfall_credits = 30, 6
    ledger.adjust(session, payment.user_id, -30, key=payment.id, description="", payment_id=payment.id, bought=-33)


def change(session, table, id_, **columns):
    session.execute(sa.update(table).where(table.id == id_).values(**columns))


def change_account(session, viewer, **columns):
    session.execute(sa.update(CreditAccount).where(CreditAccount.user_id == viewer.id).values(**columns))


def change_lines(session, *where, **columns):
    session.execute(sa.update(CreditTransaction).where(*where).values(**columns))


def line_of(task_or_payment, type_):
    named = sa.or_(CreditTransaction.task_id == task_or_payment, CreditTransaction.payment_id == task_or_payment)
    return named, CreditTransaction.type == type_


def add_line(session, viewer, type_, amount, reserved_delta=0, **columns):
    """One more line, as if some code had written it past the account."""
    account = session.get_one(CreditAccount, viewer.id)
    session.add(
        CreditTransaction(
            user_id=viewer.id,
            type=type_,
            amount=amount,
            reserved_delta=reserved_delta,
            balance_after=account.balance,
            reserved_after=account.reserved,
            idempotency_key=new_id(),
            **columns,
        )
    )


def findings():
    with snapshot() as session:
        return [str(discrepancy) for discrepancy in audit_credits(session)]
