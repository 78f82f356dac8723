"""Asking Stripe ourselves: what its webhook never told counts as if it had, and asking is always harmless."""

import pytest

from funmagic.billing.errors import PaymentsNotSetUp, PaymentsUnavailable
from funmagic.billing.recovery import recover_payments, refresh_payment
from funmagic.core.errors import NotFound
from funmagic.models.base import db_time
from funmagic.models.billing import Payment
from tests.factories import books_are_right, run_together
from tests.funmagic.billing.shop import PRICE, WELCOMED, WITH_CREATOR, change_payment, events, load
from tests.funmagic.credits.balances import Balances, balances_of
from worker import clock

pytestmark = pytest.mark.both_databases

HOUR = 3600


def age(payment: Payment, seconds: float) -> None:
    change_payment(payment.id, created_at=db_time(-seconds))


def test_the_success_page_finds_what_the_webhook_never_told(shop, alice):
    payment = shop.open(alice)
    shop.stripe.pay(payment.stripe_session_id)
    view = refresh_payment(alice, payment.stripe_session_id)
    assert (view.id, view.status, view.package_name) == (payment.id, "paid", "Creator")
    assert (balances_of(alice), events()) == (WITH_CREATOR, [])
    assert books_are_right()


def test_what_both_tell_counts_once(shop, alice):
    payment = shop.open(alice)
    shop.stripe.pay(payment.stripe_session_id)
    refresh_payment(alice, payment.stripe_session_id)
    shop.deliver()
    refresh_payment(alice, payment.stripe_session_id)
    assert balances_of(alice) == WITH_CREATOR
    assert books_are_right()


def test_the_page_and_the_webhook_at_once_count_once(shop, alice):
    payment = shop.open(alice)
    shop.stripe.pay(payment.stripe_session_id)
    event_id = shop.held("checkout.session.completed")
    acts = [
        lambda: shop.stripe.webhooks.deliver(event_id),
        lambda: refresh_payment(alice, payment.stripe_session_id).status,
    ] * 4
    told = run_together(8, lambda: acts.pop()())  # noqa: PLW0108 - each thread takes another one
    assert sorted(map(str, told)) == ["200"] * 4 + ["paid"] * 4
    assert balances_of(alice) == WITH_CREATOR
    assert books_are_right()


def test_a_checkout_that_is_still_open_stays_open(shop, alice):
    payment = shop.open(alice)
    assert refresh_payment(alice, payment.stripe_session_id).status == "open"
    shop.stripe.decline(payment.stripe_session_id)
    assert refresh_payment(alice, payment.stripe_session_id).status == "open"


@pytest.mark.parametrize(("succeeded", "status"), [(True, "paid"), (False, "failed")])
def test_a_transfer_is_followed_to_its_end(shop, alice, succeeded, status):
    payment = shop.open(alice)
    shop.stripe.pay_later(payment.stripe_session_id)
    assert refresh_payment(alice, payment.stripe_session_id).status == "pending"
    shop.stripe.settle(payment.stripe_session_id, succeeded)
    assert refresh_payment(alice, payment.stripe_session_id).status == status
    assert balances_of(alice) == (WITH_CREATOR if succeeded else WELCOMED)


def test_nobody_looks_at_the_payment_of_another(shop, alice, bob):
    payment = shop.open(alice)
    for viewer, session_id in ((bob, payment.stripe_session_id), (alice, "cs_test_unknown"), (alice, "")):
        asked = len(shop.stripe.requests)
        with pytest.raises(NotFound):
            refresh_payment(viewer, session_id)
        assert len(shop.stripe.requests) == asked


def test_what_stripe_cannot_tell_is_unavailable(shop, alice, set_up):
    payment = shop.open(alice)
    shop.stripe.script(*["reset"] * 3)
    with pytest.raises(PaymentsUnavailable):
        refresh_payment(alice, payment.stripe_session_id)
    set_up(stripe_secret_key="")
    with pytest.raises(PaymentsNotSetUp):
        refresh_payment(alice, payment.stripe_session_id)


def test_a_refund_is_noticed_and_a_later_event_tells_better(shop, alice):
    payment = shop.open(alice)
    shop.stripe.pay(payment.stripe_session_id)
    shop.stripe.refund(payment.stripe_session_id, 1000)
    assert refresh_payment(alice, payment.stripe_session_id).refunded_cents == 1000
    # As if our clock were ahead of Stripe's: its next word must count all the same.
    shop.advance(60)
    shop.stripe.refund(payment.stripe_session_id)
    shop.deliver()
    assert (load(payment.id).refunded_cents, balances_of(alice)) == (PRICE, WELCOMED)
    assert books_are_right()


def test_payments_whose_webhook_was_lost_are_recovered(shop, alice, bob):
    payments = [shop.open(viewer) for viewer in (alice, bob, bob)]
    shop.stripe.pay(payments[0].stripe_session_id)
    shop.stripe.expire(payments[1].stripe_session_id)
    for payment in payments:
        age(payment, HOUR)
    assert recover_payments() == 3
    assert [load(payment.id).status for payment in payments] == ["paid", "expired", "open"]
    assert (balances_of(alice), balances_of(bob)) == (WITH_CREATOR, WELCOMED)
    assert recover_payments() == 1


def test_what_is_just_being_paid_is_left_to_the_webhook(shop, alice):
    shop.stripe.pay(shop.open(alice).stripe_session_id)
    assert recover_payments() == 0


def test_checkouts_that_never_reached_stripe_expire(shop, alice):
    payments = [shop.open(alice) for _ in range(2)]
    for payment, hours in zip(payments, (24, 26), strict=True):
        change_payment(payment.id, stripe_session_id=None, url="", created_at=db_time(-hours * HOUR))
    recover_payments()
    assert [load(payment.id).status for payment in payments] == ["open", "expired"]


def test_a_session_of_another_account_keeps_nobody_from_the_others(shop, alice):
    payments = [shop.open(alice) for _ in range(3)]
    for payment in payments:
        shop.stripe.pay(payment.stripe_session_id)
        age(payment, HOUR)
    change_payment(payments[0].id, stripe_session_id="cs_test_of_another_account")
    assert recover_payments() == 3
    assert [load(payment.id).status for payment in payments] == ["open", "paid", "paid"]
    age(payments[0], 31 * 24 * HOUR)
    assert recover_payments() == 0


def test_where_there_are_many_none_is_left_out(shop, alice, monkeypatch):
    monkeypatch.setattr("funmagic.billing.recovery.MOST_AT_ONCE", 2)
    payments = [shop.open(alice) for _ in range(5)]
    for payment in payments:
        age(payment, HOUR)
    shop.stripe.pay(payments[0].stripe_session_id)
    for _ in range(100):
        recover_payments()
        if load(payments[0].id).status == "paid":
            break
    assert load(payments[0].id).status == "paid"


def test_while_stripe_is_away_recovery_waits_for_its_next_turn(shop, alice):
    payments = [shop.open(alice) for _ in range(2)]
    for payment in payments:
        shop.stripe.pay(payment.stripe_session_id)
        age(payment, HOUR)
    shop.stripe.script("", *["server-error"] * 3)
    assert recover_payments() == 1
    shop.stripe.api.faults.clear()
    assert recover_payments() == 1
    assert balances_of(alice) == Balances(balance=760, bought=600)


def test_without_stripe_there_is_nothing_to_recover(db):
    assert recover_payments() == 0


def test_the_clock_recovers_payments_in_its_time(shop, alice, monkeypatch):
    monkeypatch.setattr(clock, "FIRST_PAYMENTS_S", 0.0)
    payment = shop.open(alice)
    shop.stripe.pay(payment.stripe_session_id)
    age(payment, HOUR)
    (work,) = [work for work in clock.Clock()._aside if work._name == "payments"]
    work.run_when_due()
    work._thread.join()
    assert load(payment.id).status == "paid"
