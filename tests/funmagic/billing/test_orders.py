"""Whatever order events come in, how often, and whichever are lost: the payment and the ledger end the same."""

import random
from collections.abc import Iterator
from itertools import permutations
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import books_are_right
from tests.funmagic.billing.shop import CREATOR, WELCOMED, Shop
from tests.funmagic.billing.stories import (
    Act,
    Story,
    answer,
    arrive,
    bounce,
    cancel_refund,
    close_inquiry,
    convert_to,
    dispute,
    escalate,
    expire,
    fail_refund,
    finish_refund,
    inquire,
    lose,
    pay,
    pay_later,
    refund,
    refund_slowly,
    reinstate,
    show_in,
    win,
    write_story,
)

pytestmark = pytest.mark.both_databases


class End(NamedTuple):
    """Where a payment ends: the cents refunded, and how many credits are taken, frozen, and still count as bought."""

    status: str
    refunded: int = 0
    taken: int = 0
    frozen: int = 0
    bought: int = 0


# Each buys a Creator: 300 credits and a bonus of 30 for 2499 cents.
STORIES: dict[str, tuple[list[Act], End]] = {
    "paid": ([pay], End("paid", bought=300)),
    "transfer arrived": ([pay_later, arrive], End("paid", bought=300)),
    "transfer failed": ([pay_later, bounce], End("failed")),
    "expired": ([expire], End("expired")),
    "refunded in three": ([pay, refund(700), refund(1000), refund()], End("paid", refunded=2499, taken=330)),
    "refunded in part": ([pay, refund(1000)], End("paid", refunded=1000, taken=132, bought=180)),
    "transfer refunded": ([pay_later, arrive, refund(1)], End("paid", refunded=1, bought=300)),
    "refund failed": ([pay, refund(), fail_refund], End("paid", bought=300)),
    "refunded again": ([pay, refund(700), fail_refund, refund(500)], End("paid", refunded=500, taken=66, bought=240)),
    "one refund of two failed": (
        [pay, refund(700), refund(500), fail_refund],
        End("paid", refunded=700, taken=92, bought=216),
    ),
    "refund on its way": ([pay, refund_slowly(1000)], End("paid", refunded=1000, taken=132, bought=180)),
    "refund arrived": ([pay, refund_slowly(1000), finish_refund], End("paid", refunded=1000, taken=132, bought=180)),
    "refund arrived, and came back": ([pay, refund_slowly(), finish_refund, fail_refund], End("paid", bought=300)),
    "refund failed on its way": (
        [pay_later, arrive, refund_slowly(1000), fail_refund, refund(1500)],
        End("paid", refunded=1500, taken=198, bought=120),
    ),
    "refund called off": ([pay, refund_slowly(1000, "requires_action"), cancel_refund], End("paid", bought=300)),
    "refund fetched by the buyer": (
        [pay_later, arrive, refund_slowly(1000, "requires_action"), finish_refund],
        End("paid", refunded=1000, taken=132, bought=180),
    ),
    "dispute open": ([pay, dispute()], End("paid", frozen=330, bought=300)),
    "dispute answered": ([pay, dispute(), answer], End("paid", frozen=330, bought=300)),
    "dispute won": ([pay, dispute(), answer, win], End("paid", bought=300)),
    "dispute lost": ([pay, dispute(), lose], End("paid", taken=330)),
    "part of it lost": ([pay, dispute(1000), lose], End("paid", taken=132, bought=180)),
    "refunded, then disputed": (
        [pay, refund(1000), dispute()],
        End("paid", refunded=1000, taken=132, frozen=198, bought=180),
    ),
    "refunded, then won": ([pay, refund(1000), dispute(1499), win], End("paid", refunded=1000, taken=132, bought=180)),
    "refunded, then lost": ([pay, refund(1000), dispute(1499), lose], End("paid", refunded=1000, taken=330)),
    "won, then refunded": ([pay, dispute(), win, refund(1000)], End("paid", refunded=1000, taken=132, bought=180)),
    "failed after a dispute": ([pay, refund(1000), dispute(1499), fail_refund], End("paid", frozen=197, bought=300)),
    "lost, and won after all": ([pay, dispute(), lose, reinstate()], End("paid", bought=300)),
    "lost, and a part came back": ([pay, dispute(), lose, reinstate(1499)], End("paid", taken=132, bought=180)),
    "an inquiry": ([pay, inquire()], End("paid", bought=300)),
    "an inquiry answered": ([pay, inquire(), answer], End("paid", bought=300)),
    "an inquiry closed": ([pay, inquire(), answer, close_inquiry], End("paid", bought=300)),
    "an inquiry, and a refund": (
        [pay, inquire(), refund(1000), close_inquiry],
        End("paid", refunded=1000, taken=132, bought=180),
    ),
    "an inquiry that became a dispute": ([pay, inquire(), escalate], End("paid", frozen=330, bought=300)),
    "an inquiry closed, and lost": ([pay, inquire(), close_inquiry, escalate, lose], End("paid", taken=330)),
    "won, and disputed again": ([pay, dispute(1000), win, dispute()], End("paid", frozen=330, bought=300)),
    "won, and the next lost": ([pay, dispute(), win, dispute(1000), lose], End("paid", taken=132, bought=180)),
    "lost, and the next open": (
        [pay, dispute(1000), lose, dispute(1499)],
        End("paid", taken=132, frozen=198, bought=180),
    ),
    "both lost": ([pay, dispute(1000), lose, dispute(1499), lose], End("paid", taken=330)),
    "shown in euros, a dispute in them": (
        [show_in("eur", 2300), pay, dispute(1150, "eur")],
        End("paid", frozen=164, bought=300),
    ),
    "shown in yen, and lost": ([show_in("jpy", 380_000), pay, dispute(380_000, "jpy"), lose], End("paid", taken=330)),
    "paid in euros, and refunded in three": (
        [convert_to("eur", 2300), pay, refund(700), refund(800), refund()],
        End("paid", refunded=2499, taken=330),
    ),
    "paid in yen, and a half refunded": (
        [convert_to("jpy", 380_000), pay, refund(190_000)],
        End("paid", refunded=1249, taken=164, bought=151),
    ),
    "paid in euros, and the refund failed": (
        [convert_to("eur", 2300), pay, refund(700), refund(1150), fail_refund],
        End("paid", refunded=760, taken=100, bought=209),
    ),
    "paid in euros, and lost": (
        [convert_to("eur", 2300), pay, dispute(1150), lose],
        End("paid", taken=164, bought=151),
    ),
}
LONG: list[Act] = [
    pay_later,
    arrive,
    refund(700),
    fail_refund,
    inquire(),
    escalate,
    answer,
    win,
    refund_slowly(500),
    refund(800),
    finish_refund,
    dispute(600),
    lose,
    reinstate(100),
]
LONG_END = End("paid", refunded=1300, taken=237, bought=84)
# In as many orders as these, where there are more.
ORDERS = 6


def of_end(told: dict[str, Any]) -> End:
    balances = told["balances"]
    credited = CREATOR if told["status"] == "paid" else 0
    assert balances.balance == WELCOMED.balance + credited - told["taken_credits"]
    assert balances.reserved == told["frozen_credits"]
    assert told["shortfall_credits"] == 0
    return End(
        told["status"],
        refunded=told["refunded_cents"],
        taken=told["taken_credits"],
        frozen=told["frozen_credits"],
        bought=balances.bought,
    )


def orders_of(events: int) -> list[tuple[int, ...]]:
    if events <= 3:
        return list(permutations(range(events)))
    picks = random.Random(events)
    return [tuple(picks.sample(range(events), events)) for _ in range(ORDERS)]


@pytest.mark.parametrize("name", STORIES)
def test_every_order_of_events_has_the_same_end(shop: Shop, name: str) -> None:
    acts, expected = STORIES[name]
    story = write_story(shop, acts)
    ends = {order: of_end(story.deliver(order)) for order in orders_of(len(story.events))}
    assert {order: end for order, end in ends.items() if end != expected} == {}
    assert books_are_right()


@pytest.mark.parametrize("name", STORIES)
def test_what_was_lost_is_found_by_asking_stripe(shop: Shop, name: str) -> None:
    """Nothing was told, or all but the first, or but the last."""
    acts, expected = STORIES[name]
    story = write_story(shop, acts)
    every = tuple(range(len(story.events)))
    told = {(), every[1:], every[:-1]}
    ends = {numbers: of_end(story.deliver(numbers, reread=True)) for numbers in told}
    assert {numbers: end for numbers, end in ends.items() if end != expected} == {}
    assert books_are_right()


@pytest.fixture
def long_story(shop: Shop) -> Iterator[Story]:
    yield write_story(shop, LONG)
    assert books_are_right()


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_long_story_told_twice_in_any_order_has_the_same_end(long_story: Story, data: st.DataObject) -> None:
    every = list(range(len(long_story.events)))
    assert of_end(long_story.deliver(data.draw(st.permutations(every + every)))) == LONG_END


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_long_story_with_gaps_has_the_same_end_once_stripe_is_asked(long_story: Story, data: st.DataObject) -> None:
    told = data.draw(st.lists(st.sampled_from(range(len(long_story.events)))))
    assert of_end(long_story.deliver(told, reread=True)) == LONG_END
