"""Refunds and disputes one by one: what each status of theirs means for the credits, whichever event brings it."""

from itertools import permutations
from typing import Any

import pytest
from sqlmodel import select

from funmagic.billing.stripe.facts import DisputeFact, RefundFact, dispute_of, refund_of, totals_of
from funmagic.core.db import reading
from funmagic.models.billing import BankStatus, PaymentDispute, PaymentRefund, RefundStatus
from tests.factories import books_are_right
from tests.funmagic.billing.shop import (
    EMPTY,
    FROZEN,
    OF_1000_CENTS,
    WELCOMED,
    WITH_CREATOR,
    events,
    lines_of,
    load,
    spend,
)
from tests.funmagic.credits.balances import Balances, balances_of

pytestmark = pytest.mark.both_databases

REFUND_EVENTS = ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")
DISPUTE_EVENTS = [f"charge.dispute.{what}" for what in ("created", "updated", "closed", "funds_withdrawn")]


def deliver(shop: Any, kind: str, thing: dict[str, Any], **changes: Any) -> None:
    shop.stripe.emit(kind, {**thing, **changes})
    shop.deliver()


def hush(shop: Any) -> None:
    """Have nothing of what happened so far be told."""
    shop.stripe.webhooks.held.clear()


@pytest.mark.parametrize("event", REFUND_EVENTS)
@pytest.mark.parametrize("status", RefundStatus)
def test_what_a_refund_says_counts_whichever_event_brings_it(shop, alice, event, status):
    payment = shop.buy(alice)
    refund = shop.stripe.refund(payment.stripe_session_id)
    hush(shop)
    deliver(shop, event, refund, status=status)
    is_undone = status in ("failed", "canceled") or event == "refund.failed"
    assert balances_of(alice) == (WITH_CREATOR if is_undone else WELCOMED)
    deliver(shop, event, refund, status=status)
    assert balances_of(alice) == (WITH_CREATOR if is_undone else WELCOMED)
    assert books_are_right()


@pytest.mark.parametrize("end", ["failed", "canceled"])
def test_a_refund_that_came_back_gives_the_credits_back_once_whatever_is_told_later(shop, alice, end):
    payment = shop.buy(alice)
    refund = shop.stripe.refund(payment.stripe_session_id)
    shop.deliver()
    for event in ("refund.updated", "charge.refund.updated", "refund.failed"):
        deliver(shop, event, refund, status=end)
    for status in ("pending", "requires_action", "succeeded"):
        deliver(shop, "refund.updated", refund, status=status)
    assert [line for line in lines_of(alice) if line[0] == "admin_adjust"] == [
        ("admin_adjust", -330, 0),
        ("admin_adjust", 330, 0),
    ]
    assert balances_of(alice) == WITH_CREATOR
    assert books_are_right()


def test_an_endpoint_that_is_sent_the_sum_alone_takes_the_credits_too(shop, alice):
    payment = shop.buy(alice)
    for cents in (700, 800):
        shop.stripe.refund(payment.stripe_session_id, cents)
        shop.deliver_only("charge.refunded")
    assert (load(payment.id).refunded_cents, balances_of(alice)) == (1500, Balances(balance=232, bought=120))
    shop.stripe.fail_refund(shop.stripe.things("refund")[0]["id"])
    shop.deliver_only("refund.failed")
    assert (load(payment.id).refunded_cents, balances_of(alice)) == (700, Balances(balance=338, bought=216))
    assert books_are_right()


def test_a_charge_of_an_old_version_names_its_refunds(shop, alice):
    payment = shop.buy(alice)
    refunds = [shop.stripe.refund(payment.stripe_session_id, cents) for cents in (700, 800)]
    charge = shop.stripe.charge_of(payment.stripe_session_id)
    hush(shop)
    listed = {"object": "list", "data": refunds, "has_more": False, "total_count": 2}
    deliver(shop, "charge.refunded", charge, refunds=listed)
    with reading() as session:
        assert {row.cents for row in session.exec(select(PaymentRefund))} == {700, 800}
    assert load(payment.id).refunded_cents == 1500
    deliver(shop, "refund.updated", refunds[0], status="failed")
    assert load(payment.id).refunded_cents == 800
    assert books_are_right()


@pytest.mark.parametrize("event", DISPUTE_EVENTS)
@pytest.mark.parametrize("status", BankStatus)
def test_what_a_dispute_says_counts_whichever_event_brings_it(shop, alice, event, status):
    payment = shop.buy(alice)
    dispute = shop.stripe.dispute(payment.stripe_session_id)
    hush(shop)
    deliver(shop, event, dispute, status=status)
    expected = WITH_CREATOR
    if status in ("needs_response", "under_review"):
        expected = FROZEN
    elif status in ("lost", "appeal_needs_response", "appeal_under_review"):
        expected = WELCOMED
    elif status.startswith("warning_") and event.endswith("funds_withdrawn"):
        expected = FROZEN
    assert balances_of(alice) == expected
    assert books_are_right()


def test_an_inquiry_is_no_dispute(shop, alice, admin):
    payment = shop.buy(alice)
    inquiry = shop.stripe.dispute(payment.stripe_session_id, inquiry=True)
    shop.deliver()
    shop.stripe.answer_dispute(inquiry["id"])
    shop.deliver()
    shop.stripe.close_inquiry(inquiry["id"])
    shop.deliver()
    assert (load(payment.id).dispute, balances_of(alice)) == ("none", WITH_CREATOR)
    assert [line[0] for line in lines_of(alice)] == ["purchase", "bonus"]
    shop.stripe.escalate(inquiry["id"])
    shop.deliver()
    assert (load(payment.id).dispute, balances_of(alice)) == ("open", FROZEN)
    assert books_are_right()


def test_each_dispute_of_a_payment_counts(shop, alice):
    payment = shop.buy(alice)
    for won in (True, False):
        dispute = shop.stripe.dispute(payment.stripe_session_id)
        shop.deliver()
        assert (load(payment.id).dispute, balances_of(alice)) == ("open", FROZEN)
        shop.stripe.close_dispute(dispute["id"], won=won)
        shop.deliver()
        assert books_are_right()
    assert (load(payment.id).dispute, balances_of(alice)) == ("lost", WELCOMED)
    with reading() as session:
        assert {row.status for row in session.exec(select(PaymentDispute))} == {"won", "lost"}


def test_a_second_dispute_while_the_first_is_open_freezes_its_share_as_well(shop, alice):
    payment = shop.buy(alice)
    first = shop.stripe.dispute(payment.stripe_session_id, 1000)
    shop.deliver()
    assert balances_of(alice) == Balances(balance=430, reserved=OF_1000_CENTS, bought=300)
    deliver(shop, "charge.dispute.created", first, id="du_second", amount=500)
    assert balances_of(alice) == Balances(balance=430, reserved=198, bought=300)
    shop.stripe.close_dispute(first["id"], won=True)
    shop.deliver()
    assert balances_of(alice) == Balances(balance=430, reserved=66, bought=300)
    assert books_are_right()


def test_money_that_comes_back_after_a_lost_dispute_gives_the_credits_back(shop, alice):
    payment = shop.buy(alice)
    spend(alice, 400)
    dispute = shop.stripe.dispute(payment.stripe_session_id)
    shop.stripe.close_dispute(dispute["id"], won=False)
    shop.deliver()
    assert (load(payment.id).shortfall_credits, balances_of(alice)) == (300, EMPTY)
    shop.stripe.reinstate(dispute["id"])
    shop.deliver()
    payment = load(payment.id)
    assert (payment.dispute, payment.shortfall_credits) == ("won", 0)
    assert balances_of(alice) == Balances(balance=30, bought=300)
    assert books_are_right()


def test_reinstated_funds_say_so_themselves(shop, alice):
    """Whatever the dispute's status says, and though it does not list what moved."""
    payment = shop.buy(alice)
    dispute = shop.stripe.dispute(payment.stripe_session_id)
    hush(shop)
    lost = {**dispute, "status": "lost", "balance_transactions": []}
    for order in permutations(["charge.dispute.closed", "charge.dispute.funds_reinstated"]):
        for event in order:
            deliver(shop, event, lost)
    assert balances_of(alice) == WITH_CREATOR
    assert books_are_right()


def test_a_dispute_in_another_currency_is_its_share_of_the_charge(shop, alice):
    payment = shop.open(alice)
    shop.stripe.show_in(payment.stripe_session_id, "jpy", 380_000)
    shop.stripe.pay(payment.stripe_session_id)
    dispute = shop.stripe.dispute(payment.stripe_session_id, 95_000, currency="jpy")
    shop.deliver()
    payment = load(payment.id)
    assert (payment.disputed_cents, payment.frozen_credits) == (624, 82)
    assert balances_of(alice) == Balances(balance=430, reserved=82, bought=300)
    shop.stripe.close_dispute(dispute["id"], won=False)
    shop.deliver()
    assert (load(payment.id).lost_cents, balances_of(alice)) == (624, Balances(balance=348, bought=226))
    assert books_are_right()


def test_a_dispute_in_a_currency_we_know_nothing_of_is_of_all_of_it_until_we_do(shop, alice):
    payment = shop.buy(alice)
    dispute = shop.stripe.dispute(payment.stripe_session_id, 1150, currency="eur")
    shop.deliver()
    assert balances_of(alice) == FROZEN
    charge = shop.stripe.charge_of(payment.stripe_session_id)
    shown = {"presentment_amount": 2300, "presentment_currency": "eur"}
    deliver(shop, "charge.refunded", charge, amount_refunded=0, presentment_details=shown)
    assert balances_of(alice) == Balances(balance=430, reserved=164, bought=300)
    shop.stripe.close_dispute(dispute["id"], won=True)
    shop.deliver()
    assert balances_of(alice) == WITH_CREATOR
    assert books_are_right()


def test_a_session_that_was_paid_in_another_currency_brings_its_credits(shop, alice):
    payment = shop.open(alice)
    shop.stripe.convert_to(payment.stripe_session_id, "eur", 2300)
    shop.stripe.pay(payment.stripe_session_id)
    shop.deliver()
    assert (load(payment.id).status, balances_of(alice)) == ("paid", WITH_CREATOR)
    shop.stripe.refund(payment.stripe_session_id, 575)
    shop.deliver()
    assert (load(payment.id).refunded_cents, balances_of(alice)) == (624, Balances(balance=348, bought=226))
    assert books_are_right()


def test_of_an_event_only_what_is_about_money_is_kept(shop, alice):
    payment = shop.buy(alice)
    dispute = shop.stripe.dispute(payment.stripe_session_id)
    shop.deliver()
    (kept,) = (event.facts for event in events() if event.type == "charge.dispute.created")
    assert set(kept) == {"id", "payment_intent", "status", "amount", "currency", "balance_transactions"}
    assert kept["balance_transactions"] == [{"amount": -2499}]
    assert dispute["evidence_details"]


@pytest.mark.parametrize(
    ("about", "event", "expected"),
    [
        ({"id": "re", "amount": 5, "currency": "USD"}, "", RefundFact("re", RefundStatus.SUCCEEDED, 5, "usd")),
        ({"id": "re", "status": "in_review"}, "", RefundFact("re", RefundStatus.PENDING, 0, "")),
        ({"id": "re", "status": "pending"}, "refund.failed", RefundFact("re", RefundStatus.FAILED, 0, "")),
    ],
)
def test_a_refund_of_any_version_is_understood(about, event, expected):
    assert refund_of(about, event) == expected


@pytest.mark.parametrize(
    ("about", "event", "status", "reinstated"),
    [
        ({}, "charge.dispute.created", "needs_response", 0),
        ({}, "charge.dispute.closed", "won", 0),
        ({"status": "of_the_future"}, "charge.dispute.updated", "needs_response", 0),
        ({"status": "of_the_future"}, "charge.dispute.closed", "won", 0),
        ({"status": "lost", "balance_transactions": None}, "charge.dispute.funds_reinstated", "lost", 90),
        ({"status": "lost", "balance_transactions": [{"amount": -180}, {"amount": 60}]}, "", "lost", 30),
        ({"status": "lost", "balance_transactions": ["txn_1"]}, "charge.dispute.closed", "lost", 0),
    ],
)
def test_a_dispute_of_any_version_is_understood(about, event, status, reinstated):
    fact = DisputeFact("du", BankStatus(status), 90, "eur", reinstated)
    assert dispute_of({"id": "du", "amount": 90, "currency": "eur", **about}, event) == fact


def test_a_total_is_told_in_each_currency_there_is():
    ours = {"currency": "usd", "amount_total": 2499}
    shown = {"presentment_details": {"presentment_amount": 2300, "presentment_currency": "eur"}}
    assert totals_of(ours | shown) == {"usd": 2499, "eur": 2300}
    converted = {"currency_conversion": {"source_currency": "usd", "amount_total": 2499, "fx_rate": "0.92"}}
    assert totals_of({"currency": "eur", "amount_total": 2300} | converted) == {"eur": 2300, "usd": 2499}
    assert totals_of({"currency": "usd", "amount": 7, "presentment_details": None}) == {"usd": 7}
    assert totals_of({}) == {}
