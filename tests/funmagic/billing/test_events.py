"""What each event does to a payment and to its buyer's credits, spent or not."""

import threading

import pytest

from funmagic.billing.events import Event, receive_event
from funmagic.core.db import transaction
from tests.factories import books_are_right, run_together
from tests.funmagic.billing.shop import (
    CREATOR,
    EMPTY,
    FROZEN,
    OF_1000_CENTS,
    OF_1499_CENTS,
    PRICE,
    REFUNDED_1000,
    REST_OF_1000,
    REST_OF_1499,
    WELCOMED,
    WITH_CREATOR,
    events,
    lines_of,
    load,
    spend,
    take_all,
)
from tests.funmagic.credits.balances import Balances, balances_of
from tests.funmagic.credits.runs import release, reserve

pytestmark = pytest.mark.both_databases


def test_a_payment_brings_its_credits_and_its_bonus(shop, alice):
    payment = shop.buy(alice)
    assert (payment.status, payment.paid_at is not None) == ("paid", True)
    assert lines_of(alice) == [("purchase", 300, 0), ("bonus", 30, 0)]
    assert balances_of(alice) == WITH_CREATOR
    assert books_are_right()


def test_a_package_without_a_bonus_makes_one_line(shop, alice):
    shop.buy(alice, "Starter")
    assert lines_of(alice) == [("purchase", 100, 0)]


def test_what_is_ordered_and_not_paid_brings_nothing_until_the_money_comes(shop, alice):
    payment = shop.open(alice)
    shop.stripe.pay_later(payment.stripe_session_id)
    shop.deliver()
    assert (load(payment.id).status, balances_of(alice)) == ("pending", WELCOMED)
    shop.stripe.settle(payment.stripe_session_id)
    shop.deliver()
    assert (load(payment.id).status, balances_of(alice)) == ("paid", WITH_CREATOR)


def test_a_transfer_that_fails_brings_nothing(shop, alice):
    payment = shop.open(alice)
    shop.stripe.pay_later(payment.stripe_session_id)
    shop.stripe.settle(payment.stripe_session_id, succeeded=False)
    shop.deliver()
    assert (load(payment.id).status, balances_of(alice)) == ("failed", WELCOMED)


def test_a_declined_card_leaves_the_checkout_open(shop, alice):
    payment = shop.open(alice)
    shop.stripe.decline(payment.stripe_session_id)
    shop.deliver()
    assert load(payment.id).status == "open"
    shop.stripe.pay(payment.stripe_session_id)
    shop.deliver()
    assert balances_of(alice) == WITH_CREATOR


def test_a_checkout_that_nobody_paid_expires(shop, alice):
    payment = shop.open(alice)
    shop.stripe.expire(payment.stripe_session_id)
    shop.deliver()
    assert (load(payment.id).status, balances_of(alice)) == ("expired", WELCOMED)


@pytest.mark.parametrize("changed", [{"amount_total": 1}, {"amount_total": 2498}, {"currency": "jpy"}])
def test_other_money_than_was_asked_for_brings_nothing(shop, alice, changed):
    payment = shop.open(alice)
    shop.stripe.pay(payment.stripe_session_id)
    shop.stripe.webhooks.known[shop.held("checkout.session.completed")]["data"]["object"].update(changed)
    shop.deliver()
    assert (load(payment.id).status, balances_of(alice)) == ("open", WELCOMED)


def test_a_refund_takes_its_share_of_credits_and_of_the_bonus(shop, alice):
    payment = shop.buy(alice)
    shop.stripe.refund(payment.stripe_session_id, 1000)
    shop.deliver()
    payment = load(payment.id)
    assert (payment.refunded_cents, payment.taken_credits, payment.shortfall_credits) == (1000, OF_1000_CENTS, 0)
    assert lines_of(alice)[2:] == [("admin_adjust", -OF_1000_CENTS, 0)]
    assert balances_of(alice) == REFUNDED_1000


@pytest.mark.parametrize("parts", [[2499], [1, 2498], [833, 833, 833], [1] * 9, [7, 77, 777]])
def test_refunds_of_all_of_it_take_exactly_all_of_it(shop, alice, parts):
    payment = shop.buy(alice)
    for cents in parts:
        shop.advance()
        shop.stripe.refund(payment.stripe_session_id, cents)
        shop.deliver()
        assert books_are_right()
    if sum(parts) < PRICE:
        shop.advance()
        shop.stripe.refund(payment.stripe_session_id)
        shop.deliver()
    assert (load(payment.id).taken_credits, balances_of(alice)) == (CREATOR, WELCOMED)


def test_a_refund_of_spent_credits_leaves_a_shortfall(shop, alice):
    payment = shop.buy(alice)
    spend(alice, 400)
    shop.stripe.refund(payment.stripe_session_id)
    shop.deliver()
    payment = load(payment.id)
    assert (payment.taken_credits, payment.shortfall_credits) == (30, 300)
    assert balances_of(alice) == EMPTY
    assert books_are_right()


def test_a_refund_never_touches_what_a_run_holds(shop, alice):
    payment = shop.buy(alice)
    task_id = reserve(alice, 420)
    shop.stripe.refund(payment.stripe_session_id)
    shop.deliver()
    payment = load(payment.id)
    assert (payment.taken_credits, payment.shortfall_credits) == (10, 320)
    assert balances_of(alice) == Balances(balance=420, reserved=420)
    release(task_id)
    assert balances_of(alice) == Balances(balance=420)
    assert books_are_right()


def test_a_later_refund_of_a_payment_takes_its_own_share_only(shop, alice):
    payment = shop.buy(alice)
    spend(alice, 430)
    shop.stripe.refund(payment.stripe_session_id, 1000)
    shop.deliver()
    shop.buy(alice)
    shop.advance()
    shop.stripe.refund(payment.stripe_session_id)
    shop.deliver()
    payment = load(payment.id)
    assert (payment.taken_credits, payment.shortfall_credits) == (REST_OF_1000, OF_1000_CENTS)
    assert balances_of(alice) == Balances(balance=OF_1000_CENTS, bought=300)
    assert books_are_right()


def test_a_refund_that_fails_gives_back_what_it_took(shop, alice):
    payment = shop.buy(alice)
    refund = shop.stripe.refund(payment.stripe_session_id)
    shop.deliver()
    shop.stripe.fail_refund(refund["id"])
    shop.deliver()
    payment = load(payment.id)
    assert (payment.refunded_cents, payment.taken_credits, balances_of(alice)) == (0, 0, WITH_CREATOR)
    assert books_are_right()


def test_a_refund_that_fails_forgives_the_shortfall_first(shop, alice):
    payment = shop.buy(alice)
    spend(alice, 400)
    refund = shop.stripe.refund(payment.stripe_session_id)
    shop.deliver()
    shop.stripe.fail_refund(refund["id"])
    shop.deliver()
    payment = load(payment.id)
    assert (payment.taken_credits, payment.shortfall_credits) == (0, 0)
    assert balances_of(alice) == Balances(balance=30, bought=300)
    assert books_are_right()


def test_a_refund_before_the_payment_is_known_waits_for_it(shop, alice):
    payment = shop.open(alice)
    shop.stripe.pay(payment.stripe_session_id)
    shop.advance()
    shop.stripe.refund(payment.stripe_session_id, 1000)
    assert shop.stripe.webhooks.deliver(shop.held("charge.refunded")) == 200
    assert (load(payment.id).status, balances_of(alice)) == ("open", WELCOMED)
    shop.deliver()
    assert balances_of(alice) == REFUNDED_1000
    assert books_are_right()


def test_a_dispute_freezes_and_a_lost_one_takes(shop, alice):
    payment = shop.buy(alice)
    dispute = shop.stripe.dispute(payment.stripe_session_id)
    shop.deliver()
    assert (load(payment.id).frozen_credits, balances_of(alice)) == (CREATOR, FROZEN)
    assert books_are_right()
    shop.stripe.close_dispute(dispute["id"], won=False)
    shop.deliver()
    payment = load(payment.id)
    assert (payment.dispute, payment.frozen_credits, balances_of(alice)) == ("lost", 0, WELCOMED)
    assert books_are_right()


def test_a_dispute_that_is_won_gives_back(shop, alice):
    payment = shop.buy(alice)
    dispute = shop.stripe.dispute(payment.stripe_session_id)
    shop.deliver()
    shop.stripe.close_dispute(dispute["id"], won=True)
    shop.deliver()
    assert (load(payment.id).dispute, balances_of(alice)) == ("won", WITH_CREATOR)
    assert [line[0] for line in lines_of(alice)] == ["purchase", "bonus", "reservation", "release"]
    assert books_are_right()


def test_a_dispute_freezes_what_is_left_and_losing_it_leaves_a_shortfall(shop, alice):
    payment = shop.buy(alice)
    spend(alice, 400)
    dispute = shop.stripe.dispute(payment.stripe_session_id)
    shop.deliver()
    assert balances_of(alice) == Balances(balance=30, reserved=30, bought=300)
    shop.stripe.close_dispute(dispute["id"], won=False)
    shop.deliver()
    payment = load(payment.id)
    assert (payment.taken_credits, payment.shortfall_credits, balances_of(alice)) == (30, 300, EMPTY)
    assert books_are_right()


def test_a_dispute_of_spent_credits_freezes_nothing(shop, alice):
    payment = shop.buy(alice)
    take_all(alice)
    dispute = shop.stripe.dispute(payment.stripe_session_id)
    shop.deliver()
    assert (load(payment.id).dispute, balances_of(alice)) == ("open", Balances(balance=0, bought=300))
    shop.stripe.close_dispute(dispute["id"], won=True)
    shop.deliver()
    assert balances_of(alice) == Balances(balance=0, bought=300)
    assert books_are_right()


def test_frozen_credits_can_not_be_spent(shop, alice):
    payment = shop.buy(alice)
    shop.stripe.dispute(payment.stripe_session_id)
    shop.deliver()
    with pytest.raises(Exception, match="INSUFFICIENT_CREDITS"):
        reserve(alice, 101)


def test_a_refund_in_a_dispute_takes_what_the_dispute_had_frozen(shop, alice):
    payment = shop.buy(alice)
    take_all(alice)
    shop.buy(alice)
    payment = load(payment.id)
    shop.stripe.dispute(payment.stripe_session_id, 1000)
    shop.deliver()
    charge = shop.stripe.charge_of(payment.stripe_session_id)
    shop.stripe.emit("charge.refunded", {**charge, "amount_refunded": 1499})
    shop.deliver()
    payment = load(payment.id)
    assert (payment.taken_credits, payment.frozen_credits) == (OF_1499_CENTS, REST_OF_1499)
    assert payment.shortfall_credits == 0
    assert balances_of(alice) == Balances(balance=REST_OF_1499, reserved=REST_OF_1499, bought=421)
    assert books_are_right()


def test_a_dispute_before_the_payment_is_known_waits_for_it(shop, alice):
    payment = shop.open(alice)
    shop.stripe.pay(payment.stripe_session_id)
    dispute = shop.stripe.dispute(payment.stripe_session_id)
    assert shop.stripe.webhooks.deliver(shop.held("charge.dispute.created")) == 200
    assert [event.payment_id for event in events()] == [None]
    shop.deliver()
    assert (load(payment.id).dispute, balances_of(alice)) == ("open", FROZEN)
    assert {event.payment_id for event in events() if event.type == "charge.dispute.created"} == {payment.id}
    shop.stripe.close_dispute(dispute["id"], won=False)
    shop.deliver()
    assert balances_of(alice) == WELCOMED


def test_two_workers_at_once_on_one_event_act_once(shop, alice):
    payment = shop.open(alice)
    shop.stripe.pay(payment.stripe_session_id)
    event_id = shop.held("checkout.session.completed")
    statuses = run_together(8, lambda: shop.stripe.webhooks.deliver(event_id))
    assert statuses == [200] * 8
    assert (balances_of(alice), len(events())) == (WITH_CREATOR, 1)
    assert books_are_right()


def test_a_payment_and_its_dispute_at_the_same_moment_find_each_other(shop, alice):
    """Each is heard while the other's transaction is still open."""
    payment = shop.open(alice)
    shop.stripe.pay(payment.stripe_session_id)
    shop.stripe.dispute(payment.stripe_session_id)
    known = shop.stripe.webhooks.known
    ids = [shop.held(kind) for kind in ("charge.dispute.created", "checkout.session.completed")]
    first, second = (Event.model_validate(known[event_id]) for event_id in ids)

    def receive_second() -> None:
        with transaction() as session:
            receive_event(session, second)

    other = threading.Thread(target=receive_second)
    with transaction() as session:
        receive_event(session, first)
        other.start()
        # It comes to an end only after this transaction does.
        other.join(0.3)
        assert other.is_alive()
    other.join()
    assert (load(payment.id).dispute, balances_of(alice)) == ("open", FROZEN)
    assert books_are_right()
