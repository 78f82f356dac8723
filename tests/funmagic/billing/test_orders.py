"""Stripe's events in any order, any number of times: the same end, and the one that the facts ask for."""

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import books_are_right
from tests.funmagic.billing.shop import Shop
from tests.funmagic.billing.stories import (
    Act,
    Story,
    arrive,
    bounce,
    dispute,
    expire,
    fail_refund,
    lose,
    pay,
    pay_later,
    refund,
    win,
    write_story,
)

# A Creator: 300 credits and 30 on top for 2499 cents. What is said of an end: status, cents that went back, how many
# of the 330 left, how many are frozen, and how many count as bought.
STORIES: dict[str, tuple[list[Act], tuple[str, int, int, int, int]]] = {
    "paid": ([pay], ("paid", 0, 0, 0, 300)),
    "transfer arrived": ([pay_later, arrive], ("paid", 0, 0, 0, 300)),
    "transfer failed": ([pay_later, bounce], ("failed", 0, 0, 0, 0)),
    "expired": ([expire], ("expired", 0, 0, 0, 0)),
    "refunded in three": ([pay, refund(700), refund(1000), refund()], ("paid", 2499, 330, 0, 0)),
    "refunded in part": ([pay, refund(1000)], ("paid", 1000, 132, 0, 180)),
    "transfer refunded": ([pay_later, arrive, refund(1)], ("paid", 1, 0, 0, 300)),
    "refund failed": ([pay, refund(), fail_refund], ("paid", 0, 0, 0, 300)),
    "refunded again": ([pay, refund(700), fail_refund, refund(500)], ("paid", 500, 66, 0, 240)),
    "one refund of two failed": ([pay, refund(700), refund(500), fail_refund], ("paid", 700, 92, 0, 216)),
    "dispute open": ([pay, dispute()], ("paid", 0, 0, 330, 300)),
    "dispute won": ([pay, dispute(), win], ("paid", 0, 0, 0, 300)),
    "dispute lost": ([pay, dispute(), lose], ("paid", 0, 330, 0, 0)),
    "part of it lost": ([pay, dispute(1000), lose], ("paid", 0, 132, 0, 180)),
    "refunded, then disputed": ([pay, refund(1000), dispute()], ("paid", 1000, 132, 198, 180)),
    "refunded, then won": ([pay, refund(1000), dispute(1499), win], ("paid", 1000, 132, 0, 180)),
    "refunded, then lost": ([pay, refund(1000), dispute(1499), lose], ("paid", 1000, 330, 0, 0)),
    "won, then refunded": ([pay, dispute(), win, refund(1000)], ("paid", 1000, 132, 0, 180)),
    "failed after a dispute": ([pay, refund(1000), dispute(1499), fail_refund], ("paid", 0, 0, 197, 300)),
}
LONG: list[Act] = [pay_later, arrive, refund(700), fail_refund, dispute(), win, refund(500), refund(800)]
LONG_END = ("paid", 1300, 171, 0, 144)


def of_end(told: dict[str, Any]) -> tuple[str, int, int, int, int]:
    balance, reserved, bought = told["account"]
    paid = 330 if told["status"] == "paid" else 0
    assert balance == 100 + paid - told["taken_credits"]
    assert (reserved, told["shortfall_credits"]) == (told["frozen_credits"], 0)
    return told["status"], told["refunded_cents"], told["taken_credits"], told["frozen_credits"], bought


@pytest.mark.parametrize("name", STORIES)
def test_every_order_of_events_has_the_same_end(shop: Shop, name: str) -> None:
    acts, expected = STORIES[name]
    story = write_story(shop, acts)
    assert len(story.events) == len(acts)
    ends = {order: of_end(story.tell(order)) for order in permutations(range(len(acts)))}
    assert {order: end for order, end in ends.items() if end != expected} == {}
    assert books_are_right()


@pytest.fixture
def long_story(shop: Shop) -> Iterator[Story]:
    yield write_story(shop, LONG)
    assert books_are_right()


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations([*range(len(LONG)), *range(len(LONG))]))
def test_a_long_story_told_twice_in_any_order_has_the_same_end(long_story: Story, order: list[int]) -> None:
    assert of_end(long_story.tell(order)) == LONG_END
