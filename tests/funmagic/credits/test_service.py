"""What people see of their credits."""

import pytest

from funmagic.core.db import reading
from funmagic.core.errors import InvalidInput
from funmagic.credits.service import list_transactions
from funmagic.models.credits import TransactionType
from tests.funmagic.credits.runs import confirm, release, reserve

pytestmark = pytest.mark.both_databases


def page(viewer, **options):
    with reading() as session:
        return list_transactions(session, viewer, **options)


def test_the_ledger_is_listed_newest_first(alice, bob):
    confirm(reserve(alice, 10))
    reserve(bob, 10)
    assert [line.type for line in page(alice).transactions] == ["usage", "reservation", "welcome"]
    assert [line.balance_after for line in page(alice).transactions] == [90, 100, 100]


def test_pages_follow_each_other_without_loss_or_repetition(alice):
    for _ in range(3):
        release(reserve(alice, 10))
    whole = page(alice).transactions
    lines, cursor = [], None
    for _ in range(4):
        part = page(alice, limit=2, cursor=cursor)
        lines, cursor = lines + part.transactions, part.next_cursor
    assert lines == whole
    assert cursor is None


def test_the_ledger_can_be_filtered_by_type(alice):
    confirm(reserve(alice, 10))
    assert [line.amount for line in page(alice, type_=TransactionType.USAGE).transactions] == [-10]


def test_a_cursor_that_we_did_not_make_is_refused(alice):
    with pytest.raises(InvalidInput):
        page(alice, cursor="é")
