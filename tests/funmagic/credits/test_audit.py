"""The audit: clean while all is as it must be, also while tasks run; and every kind of discrepancy is found."""

import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa

from funmagic.billing.payments import record_status_and_settle
from funmagic.billing.returns import apply_returns
from funmagic.billing.stripe.facts import DisputeFact, RefundFact
from funmagic.core.db import transaction
from funmagic.credits import ledger
from funmagic.models.base import utcnow
from funmagic.models.billing import (
    BankStatus,
    Payment,
    PaymentDispute,
    PaymentRefund,
    PaymentStatus,
    RefundStatus,
)
from funmagic.models.credits import CreditAccount, CreditTransaction
from funmagic.models.tasks import Task, TaskStatus
from tests.factories import balance_of, books_are_right, make_payment, run_together
from tests.funmagic.credits.audited_world import (
    add_line,
    change,
    change_account,
    change_lines,
    findings,
    line_of,
    make_world,
)
from tests.funmagic.credits.runs import confirm, make_task, release, reserve

# They put things into the books that must not be there.
pytestmark = [pytest.mark.both_databases, pytest.mark.falsifies_books]


@pytest.fixture
def world(alice, bob):
    return make_world(alice, bob)


def test_books_that_are_right_have_no_discrepancy(world):
    assert findings() == []


def test_what_becomes_of_a_payment_leaves_the_books_right(alice):
    """Paid, a part refunded, the rest disputed and lost: with what is spent meanwhile, and with what is not."""
    refund = RefundFact("re", RefundStatus.SUCCEEDED, 333, "usd")
    dispute = DisputeFact("du", BankStatus.NEEDS_RESPONSE, 1000, "usd", 0)
    for spent in (0, 150):
        payment_id = make_payment(alice)
        steps = [
            lambda session, row: record_status_and_settle(session, row, PaymentStatus.PAID),
            lambda session, row: apply_returns(session, row, refunds=[refund]),
            lambda session, row: apply_returns(session, row, disputes=[dispute]),
            lambda session, row: apply_returns(session, row, disputes=[replace(dispute, status=BankStatus.LOST)]),
        ]
        for step in steps:
            with transaction() as session:
                step(session, session.get_one(Payment, payment_id))
            assert findings() == []
            if spent:
                confirm(reserve(alice, min(spent, balance_of(alice).available)))
    assert findings() == []


def user(world, problem):
    return f"user {world.alice.id}: {problem}"


def task(world, name, problem):
    return f"task {getattr(world, name)} of user {world.alice.id}: {problem}"


def payment(world, name, problem):
    return f"payment {getattr(world, name)} of user {world.alice.id}: {problem}"


ACCOUNT_TAMPERS = {
    ("balance", 101): "the balance is 101, and the lines come to 100",
    ("balance", 99): "the balance is 99, and the lines come to 100",
    ("reserved", 1): "1 are reserved, and the lines come to 0",
    ("lifetime_purchased", 1): "lifetime_purchased is 1, and 0 were bought",
    ("lifetime_used", 1): "lifetime_used is 1, and 0 were used",
}


@pytest.mark.parametrize(("change", "problem"), ACCOUNT_TAMPERS.items())
def test_a_figure_of_an_account_that_is_not_the_sum_of_its_lines(alice, bob, change, problem):
    with transaction() as session:
        change_account(session, bob, **dict([change]))
    assert findings() == [f"user {bob.id}: {problem}"]


def test_a_wrong_sum_of_refunds(world):
    with transaction() as session:
        change_account(session, world.alice, lifetime_refunded=6)
    assert findings() == [user(world, "lifetime_refunded is 6, and 5 were refunded")]


def test_a_balance_without_any_line(alice):
    with transaction() as session:
        session.execute(sa.delete(CreditTransaction))
    assert findings() == [f"user {alice.id}: the balance is 100, and the lines come to 0"]


def test_lines_without_an_account(alice):
    with transaction() as session:
        session.execute(sa.delete(CreditAccount))
    assert findings() == [f"user {alice.id}: the balance is 0, and the lines come to 100"]


def test_a_gift_that_counts_as_bought(world):
    with transaction() as session:
        change_account(session, world.alice, lifetime_purchased=170)
    assert findings() == [user(world, "lifetime_purchased is 170, and 167 were bought")]


def test_lines_that_name_nothing(world):
    with transaction() as session:
        change_lines(session, *line_of(world.completed, "usage"), task_id=None)
        change_lines(session, *line_of(world.disputed, "purchase"), payment_id=None)
    found = findings()
    assert user(world, "1 charges or refunds name no task") in found
    assert user(world, "1 purchases name no payment") in found
    assert task(world, "completed", "charged 0 times instead of 1") in found
    assert payment(world, "disputed", "0 purchases instead of 1") in found


def test_credits_that_are_reserved_for_nothing(world):
    with transaction() as session:
        change_lines(session, *line_of(world.live, "reservation"), task_id=None)
    assert findings() == [
        user(world, "7 are reserved for no task and no payment"),
        task(world, "live", "0 reservations instead of 1"),
        task(world, "live", "0 are reserved for it instead of 7"),
    ]


def test_balances_that_do_not_follow_from_one_another(world):
    with transaction() as session:
        change_lines(session, *line_of(world.completed, "usage"), balance_after=79)
    assert findings() == [user(world, "4 balances that its lines tell do not follow from one another")]


def test_two_lines_that_were_written_from_the_same_balance(alice):
    """What a read-then-write does to two at once: every sum but one may still be right."""
    with transaction() as session:
        add_line(session, alice, "bonus", 5)
        add_line(session, alice, "bonus", 5)
        change_account(session, alice, balance=110)
    assert any("do not follow from one another" in found for found in findings())


def test_lines_may_be_numbered_in_another_order_than_they_were_written_in(alice):
    confirm(reserve(alice, 10))
    with transaction() as session:
        for number, type_ in enumerate(("usage", "reservation", "welcome")):
            change_lines(session, CreditTransaction.type == type_, id=f"0000000{number}", created_at=utcnow())
    assert findings() == []


def test_a_task_that_ended_and_still_holds(world):
    with transaction() as session:
        change(session, Task, world.live, status=TaskStatus.FAILED)
    assert findings() == [task(world, "live", "7 are reserved for it instead of 0")]


def test_a_running_task_that_holds_nothing(alice):
    task_id = make_task(alice)
    with transaction() as session:
        change(session, Task, task_id, status=TaskStatus.QUEUED)
    assert findings() == [f"task {task_id} of user {alice.id}: 0 reservations instead of 1"]


def test_a_running_task_that_holds_less_than_it_costs(world):
    with transaction() as session:
        change(session, Task, world.live, credits_cost=8)
    assert findings() == [task(world, "live", "7 are reserved for it instead of 8")]


def test_a_task_that_was_completed_and_not_charged(world):
    with transaction() as session:
        change(session, Task, world.failed, status=TaskStatus.COMPLETED)
    assert findings() == [
        task(world, "failed", "charged 0 times instead of 1"),
        task(world, "failed", "0 were charged instead of 10"),
    ]


def test_a_task_that_was_charged_something_else_than_it_costs(world):
    with transaction() as session:
        change(session, Task, world.completed, credits_cost=19)
    assert findings() == [task(world, "completed", "20 were charged instead of 19")]


def test_a_task_that_was_charged_twice(world):
    with transaction() as session:
        add_line(session, world.alice, "usage", -20, task_id=world.completed)
    found = findings()
    assert task(world, "completed", "charged 2 times instead of 1") in found
    assert task(world, "completed", "40 were charged instead of 20") in found


def test_a_failed_task_that_was_charged(world):
    with transaction() as session:
        change(session, Task, world.completed, status=TaskStatus.FAILED)
    assert findings() == [
        task(world, "completed", "charged 1 times instead of 0"),
        task(world, "completed", "20 were charged instead of 0"),
    ]


def test_a_task_of_which_more_was_refunded_than_charged(world):
    with transaction() as session:
        change_account(session, world.alice, lifetime_used=100)
        ledger.refund(session, world.alice.id, 16, task_id=world.completed, key="more", actor_id=None)
        change_account(session, world.alice, lifetime_used=21)
    found = findings()
    assert task(world, "completed", "21 were refunded of 20 charged") in found


def test_a_task_whose_line_is_somebody_elses(world, bob):
    with transaction() as session:
        change_lines(session, *line_of(world.completed, "usage"), user_id=bob.id)
    assert task(world, "completed", f"a line of it is user {bob.id}'s") in findings()


PAYMENT_TAMPERS = [
    ("paid", {"status": "failed"}, "1 purchases instead of 0"),
    ("unpaid", {"status": "paid"}, "0 purchases instead of 1"),
    ("unpaid", {"status": "paid"}, "0 bonuses instead of 1"),
    ("paid", {"credits": 99}, "100 credits were added instead of 99"),
    ("paid", {"bonus_credits": 0}, "1 bonuses instead of 0"),
    ("paid", {"bonus_credits": 12}, "a bonus of 11 instead of 12"),
    ("disputed", {"dispute": "won"}, "40 are frozen instead of 0"),
    ("disputed", {"frozen_credits": 41}, "40 are frozen instead of 41"),
    ("paid", {"dispute": "open", "frozen_credits": 1}, "0 are frozen instead of 1"),
    ("paid", {"taken_credits": 31, "shortfall_credits": 5}, "30 left the account, and it says 31"),
    ("paid", {"shortfall_credits": 5}, "35 taken or missing, for 36 returned"),
    ("paid", {"refunded_cents": 332}, "it says that 332 cents went back, and its refunds come to 333"),
    ("paid", {"refund_sum_cents": 400}, "it says that 333 cents went back, and its refunds come to 400"),
    ("paid", {"refunded_cents": 400}, "the ledger stands for 333 returned cents instead of 400"),
    ("paid", {"disputed_cents": 1}, "1 cents are disputed, and its disputes come to 0"),
    ("paid", {"lost_cents": 1}, "1 cents were lost, and its disputes come to 0"),
    ("disputed", {"dispute": "none"}, "it is disputed 0 times instead of 1"),
]
ROW_TAMPERS = [
    (
        PaymentRefund,
        {"status": "failed"},
        "payment {paid}",
        "it says that 333 cents went back, and its refunds come to 0",
    ),
    (PaymentRefund, {"share_cents": 1}, "refund re", "1 cents of it stand for 333"),
    (PaymentDispute, {"status": "lost"}, "payment {disputed}", "0 cents were lost, and its disputes come to 360"),
    (PaymentDispute, {"status": "won"}, "payment {disputed}", "360 cents are disputed, and its disputes come to 0"),
    (PaymentDispute, {"reinstated_cents": 60}, "dispute du", "360 cents of it stand for 300"),
]


@pytest.mark.parametrize(("name", "columns", "problem"), PAYMENT_TAMPERS)
def test_a_payment_whose_lines_are_not_what_it_says(world, name, columns, problem):
    with transaction() as session:
        change(session, Payment, getattr(world, name), **columns)
    assert payment(world, name, problem) in findings()


@pytest.mark.parametrize(("table", "columns", "subject", "problem"), ROW_TAMPERS)
def test_a_refund_or_a_dispute_that_is_not_what_its_payment_says(world, table, columns, subject, problem):
    with transaction() as session:
        session.execute(sa.update(table).values(**columns))
    about = subject.format(paid=world.paid, disputed=world.disputed)
    assert f"{about} of user {world.alice.id}: {problem}" in findings()


def test_a_payment_that_was_credited_twice_or_to_somebody_else(world, bob):
    with transaction() as session:
        add_line(session, bob, "purchase", 100, payment_id=world.paid)
    found = findings()
    assert payment(world, "paid", "2 purchases instead of 1") in found
    assert payment(world, "paid", f"a line of it is user {bob.id}'s") in found


def test_frozen_credits_that_were_spent(world):
    with transaction() as session:
        add_line(session, world.alice, "usage", -40, -40, payment_id=world.disputed)
    assert payment(world, "disputed", "40 of its frozen credits were spent") in findings()


def test_the_audit_is_right_while_tasks_begin_and_end(alice):
    """Each thread starts and settles runs; whenever the audit looks, it sees one moment."""
    stop, found = threading.Event(), []

    def run_tasks():
        try:
            for settle in (confirm, release) * 10:
                settle(reserve(alice, 1))
        finally:
            stop.set()

    def audit():
        while not stop.is_set():
            found.extend(findings())

    ways = iter([audit, run_tasks, run_tasks, run_tasks])

    def take_part():
        next(ways)()

    assert run_together(4, take_part) == [None] * 4
    assert found == []
    assert books_are_right()
