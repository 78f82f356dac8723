"""How much went back, from sums and failures in any order."""

import json
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funmagic.billing.refund_facts import RefundFacts

Fact = tuple[str, str, int, int]


def hear(facts: RefundFacts, *heard: Fact) -> RefundFacts:
    for kind, refund_id, cents, at in heard:
        facts = facts.with_sum(cents, at) if kind == "sum" else facts.with_failure(refund_id, cents, at)
        # As they lie in the database between two events.
        facts = RefundFacts.load(json.loads(json.dumps(facts.dump())))
    return facts


@pytest.mark.parametrize(
    ("heard", "refunded"),
    [
        ([], 0),
        ([("sum", "", 300, 10)], 300),
        ([("sum", "", 300, 10), ("sum", "", 700, 20)], 700),
        ([("sum", "", 300, 10), ("sum", "", 700, 10)], 700),
        ([("sum", "", 300, 10), ("failed", "a", 300, 20)], 0),
        ([("sum", "", 300, 10), ("failed", "a", 300, 10)], 0),
        ([("sum", "", 300, 10), ("failed", "a", 300, 20), ("sum", "", 200, 30)], 200),
        ([("sum", "", 300, 10), ("sum", "", 500, 15), ("failed", "a", 300, 20)], 200),
        ([("sum", "", 300, 10), ("sum", "", 500, 15), ("failed", "a", 300, 20), ("failed", "b", 200, 25)], 0),
        ([("failed", "a", 300, 20)], 0),
    ],
)
def test_the_newest_sum_counts_less_what_failed_since(heard: list[Fact], refunded: int) -> None:
    for order in permutations(heard):
        assert hear(RefundFacts(), *order).refunded_cents == refunded
        assert hear(RefundFacts(), *order, *order).refunded_cents == refunded


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Fact], int]:
    """Refunds and failures as they happened, a second or more apart; and how much the buyer has in the end."""
    total, at, made, told = 0, 0, [], []
    for number in range(draw(st.integers(0, 5))):
        at += draw(st.integers(1, 3))
        if made and draw(st.booleans()):
            refund_id, cents = made.pop(draw(st.integers(0, len(made) - 1)))
            total -= cents
            told.append(("failed", refund_id, cents, at))
        else:
            cents = draw(st.integers(1, 500))
            total += cents
            made.append((str(number), cents))
            told.append(("sum", "", total, at))
    return told, total


@given(history=histories(), data=st.data())
def test_any_history_in_any_order_with_repeats_ends_where_it_did(history, data):
    told, total = history
    order = data.draw(st.permutations(told + told))
    assert hear(RefundFacts(), *order).refunded_cents == total


def test_nothing_heard_is_an_empty_object() -> None:
    assert RefundFacts.load({}) == RefundFacts()
