"""Many threads and processes on the same accounts: every operation counts once, whoever repeats it and whoever dies."""

import multiprocessing
import random
import signal
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain, cycle
from multiprocessing.connection import Connection, wait

import pytest
from sqlmodel import select

from funmagic.core.db import get_engine, reading
from funmagic.models.credits import CreditTransaction
from funmagic.supervisor.tether import die_with_parent
from tests.funmagic.credits.ledger_model import Account
from tests.funmagic.credits.ledger_operations import (
    Effect,
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

THREADS = 32
# SQLite writes one transaction at a time, however many ask.
CALLS = {"sqlite": 60, "postgresql": 90}
# So often each operation is asked for, by whichever threads …
REPEATS = 3
# … at about the same time, and now and then before what it needs.
DISORDER = 100
PROCESSES = 4
ROUNDS = 4
# What the processes are to run is no data that could be sent to them.
FORK = multiprocessing.get_context("fork")


@pytest.mark.parametrize("accounts", [1, 50])
def test_every_operation_counts_once_under_thirty_two_threads(db, redis, accounts):
    calls = make_calls(open_accounts(accounts), THREADS * CALLS[get_engine().dialect.name], random.Random(accounts))
    with ThreadPoolExecutor(THREADS) as pool:
        shares = pool.map(run_all, [calls[share::THREADS] for share in range(THREADS)])
        done = {operation.effect for share in shares for operation in share}
    effects = {effect.key: effect for effect in read_effects()}
    assert effects.keys() == {effect.key for effect in done}
    assert {replace(effect, bought=0) for effect in done} >= set(effects.values())
    # Several users may hear that a person has had their welcome; nothing else is done in two ways.
    only_way = Counter(effect.key for effect in done if effect.type != "welcome")
    assert set(only_way.values()) == {1}
    assert_books_tell(effect for effect in done if replace(effect, bought=0) == effects[effect.key])


def test_processes_killed_at_any_moment_leave_each_operation_done_once_when_it_is_asked_for_again(db, redis):
    chance = random.Random(1)
    operations = make_plan(open_accounts(3))
    get_engine().dispose()  # Connections must not be inherited.
    for _ in range(ROUNDS):
        heard = run_and_kill(operations, chance)
        assert {operations[place].effect.key for place in heard} <= {effect.key for effect in read_effects()}
        get_engine().dispose()
    assert len(read_effects()) > 0
    last = [FORK.Process(target=replay, args=(operations,)) for _ in range(PROCESSES)]
    for process in last:
        process.start()
    for process in last:
        process.join()
    assert [process.exitcode for process in last] == [0] * PROCESSES
    assert Counter(read_effects()) == Counter(replace(operation.effect, bought=0) for operation in operations)
    assert_books_tell(operation.effect for operation in operations)


def make_calls(users: list[str], count: int, chance: random.Random) -> list[Operation]:
    """So many calls of all kinds, mostly in an order in which they can be done; those for the same come together."""
    groups = count // REPEATS // 4
    owners = [chance.choice(users) for _ in range(groups)]
    tasks, payments = make_tasks(owners[: groups * 3 // 4]), make_payments(owners[groups * 3 // 4 :])
    operations = [
        *(on_task(user, task, chance.randint(1, 60)) for user, task in tasks),
        *(on_payment(user, payment, chance.randint(20, 90)) for user, payment in payments),
        *(on_person(chance.choices(users, k=5), f"person {number}") for number in range(groups // 8)),
    ]
    chance.shuffle(operations)
    in_order = list(chain.from_iterable(operations))
    calls = [(place + chance.uniform(0, DISORDER), operation) for place, operation in enumerate(in_order)] * REPEATS
    return [operation for _, operation in sorted(calls, key=lambda call: call[0])][:count]


def make_plan(users: list[str]) -> list[Operation]:
    """Operations that all can be done, in this order or while others are ahead."""
    first = [on_payment(user, payment, 1_000_000)[0] for user, payment in make_payments(users)]
    charged = [on_task(user, task, 11) for user, task in make_tasks(users * 12)]
    freed = [on_task(user, task, 13) for user, task in make_tasks(users * 6)]
    paid = [on_payment(user, payment, 20) for user, payment in make_payments(users * 6)]
    ways = [(hold, charge, refund) for hold, charge, _, refund in charged]
    ways += [(hold, release) for hold, _, release, _ in freed]
    return [*first, *chain.from_iterable([*ways, *paid])]


def run_all(operations: Iterable[Operation]) -> list[Operation]:
    """Run them one after the other; returns those that were done."""
    return [operation for operation in operations if operation.run()]


def run_and_kill(operations: Sequence[Operation], chance: random.Random) -> set[int]:
    """Let processes run them over and over, and kill one after the other; returns the places that were told as done."""
    heard: set[int] = set()
    running = {}
    for _ in range(PROCESSES):
        ours, theirs = FORK.Pipe(duplex=False)
        process = FORK.Process(target=run_forever, args=(operations, theirs))
        process.start()
        theirs.close()
        running[ours] = process
    while running:
        for _ in range(chance.randint(20, 60)):
            heard |= {receive(ours) for ours in wait(running)}
        # Whichever it is, it may be anywhere in an operation.
        ours = chance.choice(list(running))
        process = running.pop(ours)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        while ours.poll():
            try:
                heard.add(receive(ours))
            except EOFError:
                break
    return heard


def run_forever(operations: Sequence[Operation], told: Connection) -> None:
    """Be a process that runs them in order, again and again, and tells the place of each that it has done."""
    become_a_process()
    for place, operation in cycle(enumerate(operations)):
        if not operation.run():
            raise AssertionError(operation.effect)
        told.send(place)


def replay(operations: Sequence[Operation]) -> None:
    """Be a process that runs them to the end."""
    become_a_process()
    if len(run_all(operations)) < len(operations):
        raise AssertionError("an operation was refused")


def become_a_process() -> None:
    die_with_parent()
    get_engine.cache_clear()


def receive(told: Connection) -> int:
    return told.recv()


def assert_books_tell(effects: Iterable[Effect]) -> None:
    """The accounts are what the effects add up to, and the lines of each lead from nothing to there without a gap."""
    sums = dict.fromkeys(read_accounts(), Account())
    for effect in effects:
        sums[effect.user] = add(sums[effect.user], effect)
    assert read_accounts() == sums
    assert all(account.is_possible for account in sums.values())
    # In which order they were written only the figures tell: each state but the last is left as often as it is reached.
    reached = Counter((user, 0, 0) for user in sums)
    left = Counter((user, account.balance, account.reserved) for user, account in sums.items())
    with reading() as session:
        for line in session.exec(select(CreditTransaction)):
            reached[line.user_id, line.balance_after, line.reserved_after] += 1
            left[line.user_id, line.balance_after - line.amount, line.reserved_after - line.reserved_delta] += 1
    assert reached == left
    assert all(0 <= reserved <= balance for _, balance, reserved in reached)


def add(account: Account, effect: Effect) -> Account:
    return Account(
        account.balance + effect.amount,
        account.reserved + effect.held,
        account.purchased + effect.bought,
        account.used - (effect.amount if effect.type == "usage" else 0),
        account.refunded + (effect.amount if effect.type == "refund" else 0),
    )
