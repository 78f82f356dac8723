"""The ledger's verbs, one by one and under threads."""

from itertools import cycle

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from funmagic.core.db import reading, transaction
from funmagic.credits import ledger
from funmagic.credits.errors import AlreadySettled, InsufficientCredits, NothingReserved
from funmagic.models.base import new_id, utcnow
from funmagic.models.credits import CreditAccount, CreditTransaction
from funmagic.sessions.viewer import Viewer
from tests.factories import balance_of, books_are_right, run_together
from tests.funmagic.credits.balances import Balances, balances_of
from tests.funmagic.credits.runs import confirm, make_task, release, reserve

pytestmark = pytest.mark.both_databases


def ledger_types(viewer: Viewer) -> list[str]:
    with reading() as session:
        query = select(CreditTransaction.type).where(CreditTransaction.user_id == viewer.id)
        return list(session.exec(query.order_by(CreditTransaction.id)))


def test_a_hold_leaves_the_balance_and_lowers_what_is_available(alice):
    reserve(alice, 30)
    balance = balance_of(alice)
    assert (balance.balance, balance.reserved, balance.available) == (100, 30, 70)


def test_confirming_spends_the_hold_and_counts_it_as_used(alice):
    confirm(reserve(alice, 30))
    assert balances_of(alice) == Balances(balance=70)
    assert balance_of(alice).lifetime_used == 30


def test_releasing_gives_the_hold_back_and_uses_nothing(alice):
    release(reserve(alice, 30))
    assert balances_of(alice) == Balances(balance=100)
    assert balance_of(alice).lifetime_used == 0


@pytest.mark.parametrize(("settle", "left"), [(confirm, 70), (release, 100)])
def test_settling_twice_the_same_way_changes_nothing_more(alice, settle, left):
    task_id = reserve(alice, 30)
    for _ in range(3):
        settle(task_id)
    assert balances_of(alice) == Balances(balance=left)
    assert len(ledger_types(alice)) == 3


@pytest.mark.parametrize(("first", "second", "left"), [(confirm, release, 70), (release, confirm, 100)])
def test_settling_the_other_way_is_refused_and_changes_nothing(alice, first, second, left):
    task_id = reserve(alice, 30)
    first(task_id)
    with pytest.raises(AlreadySettled):
        second(task_id)
    assert balances_of(alice) == Balances(balance=left)
    assert books_are_right()


def test_holding_twice_for_one_task_holds_once(alice):
    task_id = reserve(alice, 30)
    reserve(alice, 30, task_id)
    assert balances_of(alice) == Balances(balance=100, reserved=30)


@pytest.mark.parametrize("settle", [confirm, release])
def test_a_task_without_a_hold_cannot_be_settled(alice, settle):
    with pytest.raises(NothingReserved):
        settle(make_task(alice))
    assert balances_of(alice) == Balances(balance=100)


def test_more_than_the_available_credits_cannot_be_held_and_nothing_is_written(alice):
    reserve(alice, 60)
    with pytest.raises(InsufficientCredits):
        reserve(alice, 41)
    assert balances_of(alice) == Balances(balance=100, reserved=60)
    assert ledger_types(alice) == ["welcome", "reservation"]


def test_everything_available_can_be_held(alice):
    reserve(alice, 100)
    assert balance_of(alice).available == 0


def test_a_free_task_is_held_and_settled_like_any_other(alice):
    task_id = reserve(alice, 0)
    confirm(task_id)
    with pytest.raises(AlreadySettled):
        release(task_id)
    assert balances_of(alice) == Balances(balance=100)


def test_welcome_credits_come_once_for_each_person(alice):
    for amount in (20, 50):
        with transaction() as session:
            ledger.grant_welcome(session, alice.id, amount, person="somebody")
    assert balances_of(alice) == Balances(balance=120)
    assert ledger_types(alice) == ["welcome", "welcome"]


def test_no_welcome_credits_leave_no_line(alice):
    with transaction() as session:
        session.execute(sa.delete(CreditTransaction))
        ledger.grant_welcome(session, alice.id, 0, person=alice.id)
    assert ledger_types(alice) == []


def test_thirty_two_threads_on_one_balance_never_overspend(alice):
    tasks = iter([make_task(alice) for _ in range(32)])
    outcomes = run_together(32, lambda: reserve(alice, 7, next(tasks)))
    assert sum(isinstance(outcome, str) for outcome in outcomes) == 100 // 7
    assert sum(isinstance(outcome, InsufficientCredits) for outcome in outcomes) == 32 - 100 // 7
    assert balances_of(alice) == Balances(balance=100, reserved=98)
    assert books_are_right()


def test_sixteen_threads_confirming_one_task_charge_once(alice):
    task_id = reserve(alice, 30)
    assert run_together(16, lambda: confirm(task_id)) == [None] * 16
    assert balances_of(alice) == Balances(balance=70)
    assert books_are_right()


def test_threads_that_disagree_settle_a_task_one_way(alice):
    task_id = reserve(alice, 30)
    ways = cycle([confirm, release])
    outcomes = run_together(16, lambda: next(ways)(task_id))
    assert sum(outcome is None for outcome in outcomes) == 8
    assert sum(isinstance(outcome, AlreadySettled) for outcome in outcomes) == 8
    assert balances_of(alice) in [Balances(balance=70), Balances(balance=100)]
    assert books_are_right()


@pytest.mark.parametrize("columns", [{"balance": -1}, {"reserved": -1}, {"balance": 100, "reserved": 101}])
def test_the_database_itself_refuses_an_impossible_account(alice, columns):
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(sa.update(CreditAccount).values(**columns))
    assert balances_of(alice) == Balances(balance=100)


@pytest.mark.parametrize(
    ("type_", "amount", "reserved_delta"),
    [
        ("purchase", 0, 0),
        ("welcome", -5, 0),
        ("usage", 5, -5),
        ("reservation", 1, 5),
        ("reservation", 0, -5),
        ("release", 0, 5),
        ("gift", 5, 0),
    ],
)
def test_the_database_itself_refuses_a_line_whose_signs_do_not_fit_its_type(alice, type_, amount, reserved_delta):
    line = {"type": type_, "amount": amount, "reserved_delta": reserved_delta, "idempotency_key": new_id()}
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(sa.insert(CreditTransaction).values(**line, **other_columns(alice)))


def test_the_database_itself_refuses_a_key_that_was_used(alice):
    with reading() as session:
        used = session.exec(select(CreditTransaction.idempotency_key)).one()
    line = {"type": "bonus", "amount": 5, "reserved_delta": 0, "idempotency_key": used}
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(sa.insert(CreditTransaction).values(**line, **other_columns(alice)))


def other_columns(viewer: Viewer) -> dict[str, object]:
    sums = {"balance_after": 0, "reserved_after": 0}
    return sums | {"id": new_id(), "created_at": utcnow(), "user_id": viewer.id, "description": ""}
