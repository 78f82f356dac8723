"""The page after paying: it ends with the truth, whoever tells it first, and shows nobody another's purchase."""

import pytest

from funmagic import paths
from funmagic.core.errors import SignInRequired
from funmagic.site.shop.success import state as success_state
from funmagic.site.shop.success.state import Purchase, SuccessState
from tests.factories import books_are_right
from tests.funmagic.billing.shop import WELCOMED, WITH_CREATOR
from tests.funmagic.credits.balances import balances_of
from tests.funmagic.site.tabs import place_of, tab

FIGME = "/tools/figme"


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    """Stripe is asked three times, without waiting in between."""
    monkeypatch.setattr(success_state, "PAUSES_S", (0, 0, 0))


def success_tab(viewer, stripe_session_id) -> SuccessState:
    return tab(SuccessState, viewer, f"{paths.CHECKOUT_SUCCESS}?session_id={stripe_session_id}")


async def test_with_the_webhook_first_the_page_knows_at_once(shop, alice):
    payment = shop.buy(alice)
    state = success_tab(alice, payment.stripe_session_id)
    assert await state.load() is None
    assert state.phase == "paid"
    assert state.purchase == Purchase("Creator", "300 credits + 30 bonus", "$24.99")


async def test_with_the_webhook_later_the_page_follows_the_balance(shop, alice):
    payment = shop.open(alice, return_path=FIGME)
    shop.stripe.pay(payment.stripe_session_id)
    state = success_tab(alice, payment.stripe_session_id)
    assert await state.load() == SuccessState.poll_stripe
    assert (state.phase, state.purchase.back_url) == ("open", FIGME)
    shop.deliver()
    await state.reload_payment()
    assert state.phase == "paid"
    # Whoever comes late asks Stripe no more.
    asked = len(shop.stripe.requests)
    await SuccessState.poll_stripe.fn(state)
    assert len(shop.stripe.requests) == asked


async def test_a_lost_webhook_does_not_matter_and_a_late_one_changes_nothing(shop, alice):
    payment = shop.open(alice)
    shop.stripe.pay(payment.stripe_session_id)
    state = success_tab(alice, payment.stripe_session_id)
    await state.load()
    await SuccessState.poll_stripe.fn(state)
    assert (state.phase, balances_of(alice)) == ("paid", WITH_CREATOR)
    shop.deliver()
    await state.load()
    assert (state.phase, balances_of(alice)) == ("paid", WITH_CREATOR)
    assert books_are_right()


@pytest.mark.parametrize(("arrives", "phase"), [(True, "paid"), (False, "failed")])
async def test_a_bank_transfer_is_awaited(shop, alice, arrives, phase):
    payment = shop.open(alice, return_path=FIGME)
    shop.stripe.pay_later(payment.stripe_session_id)
    state = success_tab(alice, payment.stripe_session_id)
    await state.load()
    await SuccessState.poll_stripe.fn(state)
    assert (state.phase, state.is_stripe_away) == ("pending", False)
    shop.stripe.settle(payment.stripe_session_id, succeeded=arrives)
    await SuccessState.poll_stripe.fn(state)
    assert (state.phase, state.shop_url) == (phase, paths.pricing(FIGME))


async def test_an_expired_checkout_is_said_to_be_one(shop, alice):
    payment = shop.open(alice)
    shop.stripe.expire(payment.stripe_session_id)
    state = success_tab(alice, payment.stripe_session_id)
    await state.load()
    await SuccessState.poll_stripe.fn(state)
    assert (state.phase, balances_of(alice)) == ("expired", WELCOMED)


async def test_while_stripe_is_away_the_page_says_so_and_goes_on_trying(shop, alice, monkeypatch):
    payment = shop.open(alice)
    shop.stripe.pay(payment.stripe_session_id)
    state = success_tab(alice, payment.stripe_session_id)
    await state.load()
    shop.stripe.script("server-error", status=400)
    monkeypatch.setattr(success_state, "PAUSES_S", (0,))
    await SuccessState.poll_stripe.fn(state)
    assert (state.phase, state.is_stripe_away) == ("open", True)
    await SuccessState.poll_stripe.fn(state)
    assert (state.phase, state.is_stripe_away) == ("paid", False)


async def test_what_went_back_is_said(shop, alice):
    payment = shop.buy(alice)
    shop.stripe.refund(payment.stripe_session_id)
    shop.deliver()
    state = success_tab(alice, payment.stripe_session_id)
    await state.load()
    assert (state.phase, state.purchase.refunded) == ("paid", "$24.99")


@pytest.mark.parametrize("whose", ["bob's", "nobody's", "without a name"])
async def test_nobody_sees_anothers_purchase_or_one_that_is_not_there(shop, alice, bob, whose):
    payment = shop.buy(bob)
    named = {"bob's": payment.stripe_session_id, "nobody's": "cs_test_nothing", "without a name": ""}[whose]
    state = success_tab(alice, named)
    assert await state.load() is None
    await SuccessState.poll_stripe.fn(state)
    assert (state.phase, state.purchase) == ("unknown", Purchase())


async def test_a_visitor_signs_in_first_and_comes_back_to_the_purchase(shop, alice):
    payment = shop.buy(alice)
    state = success_tab(None, payment.stripe_session_id)
    led = await state.load()
    assert place_of(led).startswith(f"{paths.LOGIN}?next={paths.CHECKOUT_SUCCESS}%3Fsession_id%3D")
    assert state.phase == "loading"
    for handler in (state.reload_payment, lambda: SuccessState.poll_stripe.fn(state)):
        with pytest.raises(SignInRequired):
            await handler()
