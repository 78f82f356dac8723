"""Any order of grants, holds and settlements, repeated at will, leaves the books right."""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlmodel import select

from funmagic.accounts.viewer import Viewer
from funmagic.credits import ledger
from funmagic.credits.ledger import AlreadySettled, NothingReserved
from funmagic.db import reading, transaction
from funmagic.errors import InsufficientCredits
from funmagic.models.base import new_id
from funmagic.models.credits import CreditAccount, CreditTransaction
from funmagic.models.users import User
from tests.factories import books_are_right
from tests.funmagic.credits.conftest import confirm, make_task, release, reserve

AMOUNTS = st.integers(0, 60)


@dataclass
class Expected:
    """What an account should say."""

    balance: int = 0
    reserved: int = 0
    used: int = 0


class Books(RuleBasedStateMachine):
    users = Bundle("users")
    tasks = Bundle("tasks")

    def __init__(self):
        super().__init__()
        self.accounts: dict[str, Expected] = {}
        self.welcomed: set[str] = set()
        self.owners: dict[str, Viewer] = {}
        self.holds: dict[str, int] = {}
        self.settled: dict[str, str] = {}

    @rule(target=users)
    def open_account(self):
        user = User(email=f"{new_id()}@example.com", name="Somebody")
        with transaction() as session:
            session.add(user)
            session.flush()
            ledger.open_account(session, user.id)
        self.accounts[user.id] = Expected()
        return Viewer.of(user)

    @rule(user=users, amount=AMOUNTS)
    def grant(self, user, amount):
        with transaction() as session:
            ledger.grant_welcome(session, user.id, amount, person=user.id)
        if amount and user.id not in self.welcomed:
            self.welcomed.add(user.id)
            self.accounts[user.id].balance += amount

    @rule(target=tasks, user=users)
    def start_task(self, user):
        task_id = make_task(user)
        self.owners[task_id] = user
        return task_id

    @rule(task=tasks, amount=AMOUNTS)
    def hold(self, task, amount):
        account = self.accounts[self.owners[task].id]
        is_covered = amount <= account.balance - account.reserved
        try:
            reserve(self.owners[task], amount, task)
        except InsufficientCredits:
            assert task not in self.holds
            assert not is_covered
            return
        assert task in self.holds or is_covered
        if task not in self.holds:
            self.holds[task] = amount
            account.reserved += amount

    @rule(task=tasks, settle=st.sampled_from([confirm, release]))
    def settle(self, task, settle):
        earlier = self.settled.get(task)
        try:
            settle(task)
        except NothingReserved:
            assert task not in self.holds
            return
        except AlreadySettled:
            assert earlier not in (None, settle.__name__)
            return
        assert earlier in (None, settle.__name__)
        if earlier is None:
            self.expect_settled(task, settle.__name__)

    def expect_settled(self, task, way):
        self.settled[task] = way
        account, amount = self.accounts[self.owners[task].id], self.holds[task]
        account.reserved -= amount
        if way == "confirm":
            account.balance -= amount
            account.used += amount

    @invariant()
    def every_account_is_as_expected(self):
        with reading() as session:
            mine = select(CreditAccount).where(CreditAccount.user_id.in_(self.accounts))
            rows = {row.user_id: row for row in session.exec(mine)}
        for user_id, expected in self.accounts.items():
            row = rows[user_id]
            assert Expected(row.balance, row.reserved, row.lifetime_used) == expected
            assert 0 <= row.reserved <= row.balance

    @invariant()
    def every_line_tells_the_sums_up_to_it(self):
        with reading() as session:
            mine = select(CreditTransaction).where(CreditTransaction.user_id.in_(self.accounts))
            lines = session.exec(mine.order_by(CreditTransaction.id)).all()
        sums: dict[str, Expected] = {}
        for line in lines:
            so_far = sums.setdefault(line.user_id, Expected())
            so_far.balance += line.amount
            so_far.reserved += line.reserved_delta
            assert (line.balance_after, line.reserved_after) == (so_far.balance, so_far.reserved)

    @invariant()
    def the_audit_finds_nothing(self):
        assert books_are_right()


def test_any_order_of_grants_holds_and_settlements_leaves_the_books_right(db):
    run_state_machine_as_test(Books, settings=settings(max_examples=25, stateful_step_count=30, deadline=None))
