"""The shop's page: what is for sale in words, and the ways to Stripe's pages."""

import pytest

from funmagic import paths
from funmagic.billing.errors import PackageUnavailable, PaymentsNotSetUp, PaymentsUnavailable
from funmagic.core.errors import SignInRequired
from funmagic.models.billing import Payment
from funmagic.rate_limits.errors import TooManyRequests
from funmagic.site.frame.state import SignInDialogState
from funmagic.site.shop.state import ShopState
from tests.funmagic.billing.shop import package_id
from tests.funmagic.rate_limits.limits import set_limits
from tests.funmagic.site.tabs import place_of, press, tab
from tests.funmagic.tasks.runs import count

FIGME = "/tools/figme"


async def shop_tab(viewer, address=paths.PRICING) -> ShopState:
    state = tab(ShopState, viewer, address)
    await state.load()
    return state


async def test_packages_are_told_in_words(stripe):
    state = await shop_tab(None)
    shown = [(card.name, card.credits, card.price, card.unit_price, card.is_popular) for card in state.packages]
    assert shown == [
        ("Starter", "100", "$9.99", "$0.10 per credit", False),
        ("Creator", "330", "$24.99", "$0.076 per credit", True),
        ("Studio", "1,200", "$69.99", "$0.058 per credit", False),
    ]
    assert [card.bonus for card in state.packages] == ["", "30 of them are a bonus", "200 of them are a bonus"]
    assert ("Background Remove", "5 credits") in [(tool.title, tool.price) for tool in state.tools]
    assert state.takes_payments


@pytest.mark.parametrize(
    ("query", "back"),
    [
        ("", ""),
        (f"?next={FIGME}", FIGME),
        ("?next=https://elsewhere.example/", paths.TOOLS),
        ("?next=//elsewhere.example", paths.TOOLS),
    ],
)
async def test_the_way_back_is_one_of_our_pages(stripe, alice, query, back):
    assert (await shop_tab(alice, paths.PRICING + query)).back_url == back


async def test_buying_leaves_for_stripe_and_remembers_the_way_back(stripe, alice):
    state = await shop_tab(alice, paths.pricing(FIGME))
    [leave] = await press(ShopState.buy, state, package_id("Creator"))
    [hosted] = stripe.things("checkout.session")
    assert place_of(leave) == hosted["url"]
    assert count(Payment, Payment.user_id == alice.id, Payment.return_path == FIGME) == 1
    # Busy until the page is left, and no more once it is loaded anew.
    assert await press(ShopState.buy, state, package_id("Creator")) == []
    await state.load()
    assert state.leaving_for == ""


async def test_a_visitor_is_asked_to_sign_in_and_comes_back(stripe):
    state = await shop_tab(None, paths.pricing(FIGME))
    assert await press(ShopState.buy, state, package_id("Creator")) == []
    dialog = await state.get_state(SignInDialogState)
    assert (dialog.is_open, dialog.next_url) == (True, paths.pricing(FIGME))
    assert count(Payment) == 0


async def test_where_payments_are_not_set_up_nothing_is_bought(alice):
    state = await shop_tab(alice)
    assert (state.takes_payments, len(state.packages)) == (False, 3)
    for handler, arguments in ((ShopState.buy, [package_id("Creator")]), (ShopState.manage_billing, [])):
        with pytest.raises(PaymentsNotSetUp):
            await press(handler, state, *arguments)
        assert state.leaving_for == ""
    assert count(Payment) == 0


async def test_what_stripe_or_the_shelf_refuses_leaves_the_page_as_it_was(stripe, alice):
    state = await shop_tab(alice)
    stripe.script("server-error", status=400)
    for wanted, error in ((package_id("Creator"), PaymentsUnavailable), ("nothing", PackageUnavailable)):
        with pytest.raises(error):
            await press(ShopState.buy, state, wanted)
        assert state.leaving_for == ""
    assert len(await press(ShopState.buy, state, package_id("Creator"))) == 1


@pytest.mark.usefixtures("real_limits")
async def test_nobody_keeps_stripe_busy(stripe, alice):
    set_limits(userApi=1)
    state = await shop_tab(alice)
    await press(ShopState.manage_billing, state)
    await state.load()
    asked = len(stripe.requests)
    with pytest.raises(TooManyRequests):
        await press(ShopState.buy, state, package_id("Creator"))
    assert (len(stripe.requests), state.leaving_for) == (asked, "")


async def test_invoices_are_at_stripe_and_for_users_only(stripe, alice):
    [leave] = await press(ShopState.manage_billing, await shop_tab(alice, paths.PROFILE))
    [portal] = stripe.things("billing_portal.session")
    assert place_of(leave) == portal["url"]
    with pytest.raises(SignInRequired):
        await press(ShopState.manage_billing, await shop_tab(None, paths.PROFILE))
