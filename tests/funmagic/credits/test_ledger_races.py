"""Two transactions at one key or one account: the second waits for the first, and then does what is left to do."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from funmagic.core.db import get_engine, reading, transaction
from funmagic.credits import ledger
from funmagic.credits.errors import AlreadySettled, ImpossibleEntry, InsufficientCredits, KeyTaken
from tests.factories import wait_until
from tests.funmagic.credits.ledger_model import Account
from tests.funmagic.credits.ledger_operations import (
    Operation,
    make_payments,
    make_tasks,
    on_payment,
    on_person,
    on_task,
    open_accounts,
    read_accounts,
    read_effects,
)

# About the ledger by itself: runs and payments are bare rows, and a model of its own says what is right.
pytestmark = [pytest.mark.both_databases, pytest.mark.falsifies_books]

WAITING = sa.text("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
Action = Callable[[Session], object]


class UndoneError(Exception):
    """What else a transaction was to do failed."""


@pytest.fixture
def user(db: None, redis: None) -> str:
    """Somebody with 100 credits, all of them bought."""
    [user] = open_accounts(1)
    [(_, payment)] = make_payments([user])
    commit(lambda session: ledger.add_purchase(session, user, 100, payment_id=payment))
    return user


@pytest.fixture
def task(user: str) -> str:
    """A task of theirs without a hold."""
    return make_tasks([user])[0][1]


@pytest.fixture
def payment(user: str) -> str:
    """A payment of theirs that brought nothing."""
    return make_payments([user])[0][1]


def commit(action: Action) -> object:
    """Do it in a transaction of its own."""
    with transaction() as session:
        return action(session)


@contextmanager
def race(first: Action, second: Action, *, is_undone: bool) -> Iterator[Future[object]]:
    """Begin the second while the first is not committed yet, which then is committed or undone; yields its outcome."""
    with ThreadPoolExecutor(1) as pool:
        with suppress(UndoneError), transaction() as session:
            first(session)
            began = threading.Event()
            outcome = pool.submit(lambda: (began.set(), commit(second))[1])
            began.wait()
            wait_until(somebody_waits)
            if is_undone:
                raise UndoneError
        yield outcome


def somebody_waits() -> bool:
    """Whether a transaction waits for another; on SQLite it waits to begin, and nobody can tell."""
    if get_engine().dialect.name == "sqlite":
        return True
    with reading() as session:
        return session.execute(WAITING).first() is not None


@pytest.mark.parametrize("is_undone", [False, True])
@pytest.mark.parametrize("is_roomy", [False, True])
@pytest.mark.parametrize("what", ["hold", "charge", "release", "refund"])
def test_what_two_ask_of_a_task_at_once_is_done_once(user, task, what, is_roomy, is_undone):
    hold, charge, release, refund = on_task(user, task, 60 if not is_roomy else 10)
    if is_roomy:
        bear_it_twice(user)
    asked, needed = {
        "hold": (hold, []),
        "charge": (charge, [hold]),
        "release": (release, [hold]),
        "refund": (refund, [hold, charge]),
    }[what]
    assert all(operation.run() for operation in needed)
    with race(asked.call, asked.call, is_undone=is_undone) as outcome:
        assert outcome.result() is None
    assert_done_once(asked, *needed)


@pytest.mark.parametrize("is_undone", [False, True])
@pytest.mark.parametrize("place", range(5))
def test_what_two_ask_of_a_payment_at_once_is_done_once(user, payment, place, is_undone):
    operations = on_payment(user, payment, 150)
    assert all(operation.run() for operation in operations[:place])
    asked = operations[place]
    with race(asked.call, asked.call, is_undone=is_undone) as outcome:
        assert outcome.result() is None
    assert_done_once(*operations[: place + 1])


@pytest.mark.parametrize("is_undone", [False, True])
def test_a_person_who_comes_as_two_users_at_once_is_welcomed_as_one(db, redis, is_undone):
    first, second = on_person(open_accounts(2), "somebody")
    with race(first.call, second.call, is_undone=is_undone) as outcome:
        assert outcome.result() is None
    assert_done_once(second if is_undone else first)


@pytest.mark.parametrize("is_undone", [False, True])
def test_of_two_who_settle_a_task_differently_the_second_is_refused_unless_the_first_is_undone(user, task, is_undone):
    bear_it_twice(user)
    hold, charge, release, _ = on_task(user, task, 10)
    hold.run()
    with race(release.call, charge.call, is_undone=is_undone) as outcome:
        assert isinstance(outcome.exception(), type(None) if is_undone else AlreadySettled)
    assert_done_once(hold, charge if is_undone else release)


def test_a_hold_that_nobody_can_see_yet_is_settled_by_nobody(user, task):
    hold, charge, *_ = on_task(user, task, 10)
    with suppress(UndoneError), transaction() as session:
        hold.call(session)
        charge.call(session)
        raise UndoneError
    assert not charge.run()
    assert len(read_effects()) == 1


@pytest.mark.parametrize("is_undone", [False, True])
def test_credits_that_were_looked_at_stay_until_they_are_taken(user, task, is_undone):
    def take_all(session: Session) -> None:
        available = ledger.lock_available(session, user)
        ledger.adjust(session, user, -available, key="all", description="", bought=-available)

    hold, *_ = on_task(user, task, 1)
    with race(take_all, hold.call, is_undone=is_undone) as outcome:
        assert isinstance(outcome.exception(), type(None) if is_undone else InsufficientCredits)
    account = read_accounts()[user]
    assert account == (Account(100, 1, purchased=100) if is_undone else Account())


def test_who_looks_at_the_credits_waits_for_who_is_spending_them(user, task):
    hold, *_ = on_task(user, task, 40)
    with race(hold.call, lambda session: ledger.lock_available(session, user), is_undone=False) as available:
        assert available.result() == 60


def test_what_was_taken_with_all_there_was_can_be_asked_for_again(user, task):
    """On PostgreSQL the account is changed before the key is known to be used; it must not be an error there."""
    hold, charge, _, refund = on_task(user, task, 100)
    taken = on_payment(user, make_payments([user])[0][1], 200)[-1]
    asked = [hold, charge, refund, taken]
    for number, operation in enumerate(asked):
        assert all(earlier.run() for earlier in [operation, *asked[: number + 1]])
    assert_done_once(*asked)


def test_a_key_of_somebody_else_is_refused_and_changes_nothing(user, task, payment):
    [other] = open_accounts(1)
    for mine, theirs in zip(on_task(user, task, 5), on_task(other, task, 5), strict=True):
        if mine.effect.key.startswith("settle"):
            mine.run()
            continue
        assert mine.run()
        with pytest.raises(KeyTaken):
            commit(theirs.call)
    for mine, theirs in zip(on_payment(user, payment, 50), on_payment(other, payment, 50), strict=True):
        assert mine.run()
        if mine.effect.key.startswith("settle"):
            continue
        with pytest.raises(KeyTaken):
            commit(theirs.call)
    assert read_accounts()[other] == Account()


def test_more_cannot_go_back_than_was_used_or_bought(user, task):
    hold, charge, _, refund = on_task(user, task, 10)
    assert hold.run()
    assert charge.run()
    assert refund.run()
    before = read_accounts()
    for action in (
        lambda session: ledger.refund(session, user, 1, task_id=task, key="once more", actor_id=None),
        lambda session: ledger.adjust(session, user, 1, key="too much", description="", bought=-101),
        lambda session: ledger.grant_bonus(session, "nobody", 1, key="nobody"),
    ):
        with pytest.raises(ImpossibleEntry):
            commit(action)
    assert read_accounts() == before


@pytest.mark.parametrize("amount", [0, -5])
def test_gifts_purchases_and_refunds_are_of_something(user, task, payment, amount):
    bear_it_twice(user)
    before = read_accounts()
    for action in (
        lambda session: ledger.grant_bonus(session, user, amount, key="bonus"),
        lambda session: ledger.add_purchase(session, user, amount, payment_id=payment),
        lambda session: ledger.refund(session, user, amount, task_id=task, key="refund", actor_id=None),
    ):
        with pytest.raises((IntegrityError, InsufficientCredits, ImpossibleEntry)):
            commit(action)
    assert read_accounts() == before


def test_less_than_nothing_cannot_be_held(user, task):
    bear_it_twice(user)
    with pytest.raises(IntegrityError):
        commit(lambda session: ledger.reserve(session, user, -5, task_id=task))


@pytest.mark.parametrize("amount", [1.5, 2.0, "3"])
def test_a_part_of_a_credit_is_refused(user, task, amount):
    before = read_accounts()
    for action in (
        lambda session: ledger.grant_bonus(session, user, amount, key="bonus"),
        lambda session: ledger.reserve(session, user, amount, task_id=task),
        lambda session: ledger.adjust(session, user, 1, key="adjust", description="", bought=amount),
    ):
        with pytest.raises(TypeError):
            commit(action)
    assert read_accounts() == before


def bear_it_twice(user: str) -> None:
    """Leave as much used and held by others that the account itself would let anything small happen twice."""
    (_, charged), (_, held) = make_tasks([user, user])
    for operation in [*on_task(user, charged, 30)[:2], on_task(user, held, 30)[0]]:
        assert operation.run()


def assert_done_once(*operations: Operation) -> None:
    """Each left its line, once, and every account is what its lines come to."""
    effects = read_effects()
    for operation in operations:
        line = replace(operation.effect, bought=0)
        assert [effect for effect in effects if effect.key == line.key] == [line]
    for user, account in read_accounts().items():
        own = [effect for effect in effects if effect.user == user]
        assert account.balance == sum(effect.amount for effect in own)
        assert account.reserved == sum(effect.held for effect in own)
        assert account.used == -sum(effect.amount for effect in own if effect.type == "usage")
        assert account.refunded == sum(effect.amount for effect in own if effect.type == "refund")
        assert account.is_possible
