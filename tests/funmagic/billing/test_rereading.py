"""The clock asks Stripe what went back: what is not settled each time, and everything that was paid now and then."""

from datetime import timedelta
from typing import Any

import pytest

from funmagic.billing.recovery import recover_payments
from funmagic.billing.rereading import refresh_due_returns
from funmagic.models.base import db_time, utcnow
from funmagic.models.billing import Payment
from tests.factories import books_are_right
from tests.funmagic.billing.shop import FROZEN, REST_OF_1000, WELCOMED, WITH_CREATOR, change_payment, load
from tests.funmagic.credits.balances import Balances, balances_of

pytestmark = pytest.mark.both_databases

HOUR, DAY = 3600, 86_400
LISTS = ("/v1/refunds", "/v1/disputes")


@pytest.fixture
def payment(shop: Any, alice: Any) -> Payment:
    """A payment of an hour ago."""
    bought: Payment = shop.buy(alice)
    change_payment(bought.id, created_at=db_time(-HOUR))
    return bought


def lists_asked(shop: Any) -> int:
    return len([asked for asked in shop.stripe.requests if asked["path"] in LISTS])


def test_refunds_and_disputes_that_we_never_heard_of_are_found(shop, alice, payment):
    shop.stripe.refund(payment.stripe_session_id, 1000)
    shop.stripe.dispute(payment.stripe_session_id, 1499)
    recover_payments()
    payment = load(payment.id)
    assert (payment.refunded_cents, payment.dispute) == (1000, "open")
    assert balances_of(alice) == Balances(balance=298, reserved=REST_OF_1000, bought=180)
    # What the webhook tells after all changes nothing.
    shop.deliver()
    assert balances_of(alice) == Balances(balance=298, reserved=REST_OF_1000, bought=180)
    assert books_are_right()


def test_what_was_not_settled_is_asked_for_until_it_is(shop, alice, payment):
    refund = shop.stripe.refund(payment.stripe_session_id, status="pending")
    shop.deliver()
    for _ in range(2):
        asked = lists_asked(shop)
        recover_payments()
        assert lists_asked(shop) == asked + 2
    shop.stripe.fail_refund(refund["id"])
    recover_payments()
    assert (load(payment.id).refunded_cents, balances_of(alice)) == (0, WITH_CREATOR)
    asked = lists_asked(shop)
    recover_payments()
    assert lists_asked(shop) == asked
    assert books_are_right()


@pytest.mark.parametrize("won", [True, False])
def test_a_dispute_whose_end_was_lost_is_decided(shop, alice, won):
    payment = shop.buy(alice)
    dispute = shop.stripe.dispute(payment.stripe_session_id, inquiry=True)
    shop.deliver()
    shop.stripe.escalate(dispute["id"])
    recover_payments()
    assert balances_of(alice) == FROZEN
    shop.stripe.close_dispute(dispute["id"], won=won)
    recover_payments()
    assert balances_of(alice) == (WITH_CREATOR if won else WELCOMED)
    assert books_are_right()


def test_a_sum_that_no_refund_explains_is_looked_into(shop, alice, payment):
    """As where the endpoint is sent nothing but sums and failures: a refund, its failure, and another refund."""
    recover_payments()
    failed = shop.stripe.refund(payment.stripe_session_id, 700)
    shop.deliver_only("charge.refunded", "refund.failed")
    shop.stripe.fail_refund(failed["id"])
    shop.deliver_only("charge.refunded", "refund.failed")
    shop.stripe.refund(payment.stripe_session_id, 500)
    shop.deliver_only("charge.refunded", "refund.failed")
    recover_payments()
    assert (load(payment.id).refunded_cents, balances_of(alice)) == (500, Balances(balance=364, bought=240))
    assert books_are_right()


def test_what_a_dispute_in_another_currency_comes_to_is_asked_for(shop, alice):
    payment = shop.open(alice)
    shop.stripe.pay(payment.stripe_session_id)
    charge = shop.stripe.charge_of(payment.stripe_session_id)
    charge["presentment_details"] = {"presentment_amount": 2300, "presentment_currency": "eur"}
    shop.stripe.dispute(payment.stripe_session_id, 1150, currency="eur")
    shop.deliver()
    assert balances_of(alice) == FROZEN
    refresh_due_returns()
    assert balances_of(alice) == Balances(balance=430, reserved=164, bought=300)
    assert books_are_right()


def test_an_untroubled_payment_is_asked_for_the_more_rarely_the_older_it_is(shop, alice, payment):
    for age, pause in ((HOUR, DAY), (100 * DAY, 10 * DAY)):
        change_payment(payment.id, created_at=db_time(-age), returns_due_at=db_time(-1))
        refresh_due_returns()
        due = load(payment.id).returns_due_at
        assert abs(due - utcnow() - timedelta(seconds=pause)) < timedelta(minutes=5)
    asked = lists_asked(shop)
    change_payment(payment.id, created_at=db_time(-541 * DAY), returns_due_at=db_time(-1))
    refresh_due_returns()
    assert lists_asked(shop) == asked


def test_what_was_just_paid_is_left_to_the_webhook(shop, alice):
    shop.buy(alice)
    refresh_due_returns()
    assert lists_asked(shop) == 0


def test_a_payment_of_another_account_keeps_nobody_from_the_others(shop, alice, bob, payment):
    other = shop.buy(bob)
    change_payment(other.id, created_at=db_time(-HOUR))
    change_payment(payment.id, stripe_payment_intent_id="pi_of_another_account")
    shop.stripe.refund(other.stripe_session_id)
    refresh_due_returns()
    assert (balances_of(alice), balances_of(bob)) == (WITH_CREATOR, WELCOMED)
    assert load(payment.id).returns_due_at > utcnow()


def test_while_stripe_is_away_it_is_asked_in_the_next_turn(shop, alice, payment):
    shop.stripe.refund(payment.stripe_session_id)
    shop.stripe.script(*["server-error"] * 3)
    refresh_due_returns()
    assert balances_of(alice) == WITH_CREATOR
    refresh_due_returns()
    assert balances_of(alice) == WELCOMED


def test_more_than_a_page_of_refunds_counts(shop, alice, payment, monkeypatch):
    monkeypatch.setattr("funmagic.billing.rereading.PAGE", 2)
    for _ in range(5):
        shop.stripe.refund(payment.stripe_session_id, 100)
    refresh_due_returns()
    assert load(payment.id).refunded_cents == 500
