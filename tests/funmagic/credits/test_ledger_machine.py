"""Any order of the ledger's eight operations, repeated, refused and rolled back at will, leaves the books right."""

from collections.abc import Callable
from contextlib import suppress
from itertools import groupby

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import Session, col, select

from funmagic.core.db import reading, transaction
from funmagic.credits import ledger
from funmagic.credits.errors import AlreadySettled, ImpossibleEntry, InsufficientCredits, KeyTaken, NothingReserved
from funmagic.models.base import new_id
from funmagic.models.credits import CreditAccount, CreditTransaction
from tests.funmagic.credits import ledger_model
from tests.funmagic.credits.ledger_model import Account, Line, Refusal
from tests.funmagic.credits.ledger_operations import account_of, make_payments, make_tasks, open_accounts

# About the ledger by itself: runs and payments are bare rows, and a model of its own says what is right.
pytestmark = [pytest.mark.both_databases, pytest.mark.falsifies_books]

USERS = 3
GAINS = st.integers(1, 60)
HOLDS = st.integers(0, 60)
CHANGES = st.integers(-60, 60)
# So few that they are used again and again: for the same, for something else, for somebody else.
KEYS = st.sampled_from("abc")
IS_KEPT = st.sampled_from([True, True, True, False])
REFUSALS = (AlreadySettled, ImpossibleEntry, InsufficientCredits, KeyTaken, NothingReserved)


class RolledBackError(Exception):
    """What else the transaction was to do failed."""


class Ledger(RuleBasedStateMachine):
    users = Bundle("users")
    tasks = Bundle("tasks")
    payments = Bundle("payments")

    def __init__(self):
        super().__init__()
        self.books = ledger_model.Books()
        self.run = new_id()

    @initialize(target=users)
    def open_accounts(self):
        users = open_accounts(USERS)
        self.books.accounts = dict.fromkeys(users, Account())
        return multiple(*users)

    @rule(target=tasks, user=users)
    def start_task(self, user):
        [(_, task)] = make_tasks([user])
        return task

    @rule(target=payments, user=users)
    def order(self, user):
        [(_, payment)] = make_payments([user])
        return payment

    @rule(user=users, amount=HOLDS, person=KEYS, is_kept=IS_KEPT)
    def grant_welcome(self, *, user, amount, person, is_kept):
        person = f"{self.run}:{person}"
        self.agree(
            lambda books: books.welcome(user, amount, person=person),
            lambda session: ledger.grant_welcome(session, user, amount, person=person),
            is_kept,
        )

    @rule(user=users, amount=GAINS, key=KEYS, actor=users, is_kept=IS_KEPT)
    def grant_bonus(self, *, user, amount, key, actor, is_kept):
        key = f"{self.run}:{key}"
        line = Line(user, "bonus", amount, actor=actor, description="a gift")
        self.agree(
            lambda books: books.enter(key, line),
            lambda session: ledger.grant_bonus(session, user, amount, key=key, actor_id=actor, description="a gift"),
            is_kept,
        )

    @rule(user=users, amount=GAINS, payment=payments, is_kept=IS_KEPT)
    def add_purchase(self, *, user, amount, payment, is_kept):
        line = Line(user, "purchase", amount, refers_to=payment)
        self.agree(
            lambda books: books.enter(payment, line, bought=amount),
            lambda session: ledger.add_purchase(session, user, amount, payment_id=payment),
            is_kept,
        )

    @rule(user=users, amount=HOLDS, task=tasks, is_kept=IS_KEPT)
    def hold_for_task(self, *, user, amount, task, is_kept):
        line = Line(user, "reservation", held=amount, refers_to=task, description="a tool")
        self.agree(
            lambda books: books.enter(task, line),
            lambda session: ledger.reserve(session, user, amount, task_id=task, description="a tool"),
            is_kept,
        )

    @rule(user=users, amount=HOLDS, payment=payments, is_kept=IS_KEPT)
    def hold_for_payment(self, *, user, amount, payment, is_kept):
        line = Line(user, "reservation", held=amount, refers_to=payment)
        self.agree(
            lambda books: books.enter(payment, line),
            lambda session: ledger.reserve(session, user, amount, payment_id=payment),
            is_kept,
        )

    @rule(task=tasks, is_kept=IS_KEPT)
    def confirm(self, *, task, is_kept):
        self.agree(
            lambda books: books.settle(task, "usage"), lambda session: ledger.confirm(session, task_id=task), is_kept
        )

    @rule(task=tasks, is_kept=IS_KEPT)
    def release_task(self, *, task, is_kept):
        self.agree(
            lambda books: books.settle(task, "release"), lambda session: ledger.release(session, task_id=task), is_kept
        )

    @rule(payment=payments, is_kept=IS_KEPT)
    def release_payment(self, *, payment, is_kept):
        self.agree(
            lambda books: books.settle(payment, "release"),
            lambda session: ledger.release(session, payment_id=payment),
            is_kept,
        )

    @rule(user=users, amount=GAINS, task=tasks, key=KEYS, actor=users, is_kept=IS_KEPT)
    def refund(self, *, user, amount, task, key, actor, is_kept):
        key = f"{self.run}:{key}"
        line = Line(user, "refund", amount, refers_to=task, actor=actor)
        self.agree(
            lambda books: books.enter(key, line),
            lambda session: ledger.refund(session, user, amount, task_id=task, key=key, actor_id=actor),
            is_kept,
        )

    @rule(user=users, amount=CHANGES, bought=st.just(0) | CHANGES, key=KEYS, actor=users, is_kept=IS_KEPT)
    def adjust(self, *, user, amount, bought, key, actor, is_kept):
        key = f"{self.run}:{key}"
        line = Line(user, "admin_adjust", amount, actor=actor, description="a reason")
        self.agree(
            lambda books: books.enter(key, line, bought=bought),
            lambda session: ledger.adjust(
                session, user, amount, key=key, actor_id=actor, bought=bought, description="a reason"
            ),
            is_kept,
        )

    def agree(
        self, expect: Callable[[ledger_model.Books], Refusal], do: Callable[[Session], None], is_kept: bool
    ) -> None:
        """Do it in the model and in the ledger; what is refused commits what little the ledger may have done."""
        books = self.books.copy()
        expected, raised = expect(books), None
        with suppress(RolledBackError), transaction() as session:
            try:
                do(session)
            except REFUSALS as refusal:
                raised = type(refusal)
            if not is_kept:
                raise RolledBackError
        assert raised is expected
        if is_kept:
            self.books = books

    @invariant()
    def accounts_and_lines_are_those_of_the_model(self):
        with reading() as session:
            accounts = session.exec(select(CreditAccount).where(col(CreditAccount.user_id).in_(self.books.accounts)))
            stored = {row.user_id: account_of(row) for row in accounts}
            mine = select(CreditTransaction).where(col(CreditTransaction.user_id).in_(self.books.accounts))
            lines = [line_of(row) for row in session.exec(mine.order_by(CreditTransaction.id))]
        assert stored == self.books.accounts
        assert lines == list(self.books.lines.values())
        assert all(account.is_possible for account in stored.values())
        add_up(lines, stored)


def add_up(lines: list[Line], accounts: dict[str, Account]) -> None:
    """Every line tells the sums up to it, and the last one what its account says."""
    by_user = sorted(lines, key=lambda line: line.user)
    sums = dict.fromkeys(accounts, (0, 0))
    for user, own in groupby(by_user, key=lambda line: line.user):
        for line in own:
            balance, reserved = sums[user]
            sums[user] = balance + line.amount, reserved + line.held
            assert (line.balance_after, line.reserved_after) == sums[user]
    assert sums == {user: (account.balance, account.reserved) for user, account in accounts.items()}


def line_of(row: CreditTransaction) -> Line:
    return Line(
        row.user_id,
        row.type,
        row.amount,
        row.reserved_delta,
        row.task_id or row.payment_id,
        row.actor_id,
        row.description,
        row.balance_after,
        row.reserved_after,
    )


def test_any_order_of_the_operations_leaves_the_books_as_a_plain_model_has_them(db, redis):
    run_state_machine_as_test(Ledger, settings=settings(max_examples=25, stateful_step_count=30, deadline=None))
