"""Too few credits at the point of use: what is missing is said, what brings it is offered, and the way back is kept."""

import pytest

from funmagic import paths
from funmagic.core.db import reading
from funmagic.core.errors import SignInRequired
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import PRIVATE_BUCKET
from funmagic.models.assets import Asset
from funmagic.models.base import utcnow
from funmagic.models.billing import Payment
from funmagic.site.frame.state import SessionState
from funmagic.site.shop.shortage_state import ShortageState
from funmagic.site.tools.background_remove.state import BackgroundRemoveState
from funmagic.site.tools.figme.state import FigmeState
from tests.factories import balance_of, change_task, completed_figure, configure_step, photo_bytes, submit
from tests.funmagic.billing.shop import spend
from tests.funmagic.site.tabs import place_of, play, press, shortage_of, tab
from tests.funmagic.tasks.runs import complete, count

TOOL = "/tools/background-remove"
PHOTO = {"name": "photo.jpg", "type": "image/jpeg", "size": len(photo_bytes())}


async def tool_tab(viewer, address=TOOL, state=BackgroundRemoveState):
    shown = tab(state, viewer, address)
    await play(shown.load)
    return shown


def deliver_photo(asset_id: str) -> None:
    """What the browser does with the ticket."""
    with reading() as session:
        key = session.get_one(Asset, asset_id).storage_key
    get_storage().put(PRIVATE_BUCKET, key, photo_bytes(), mime="image/jpeg")


async def photo_tab(viewer):
    state = await tool_tab(viewer)
    await state.choose_photo(PHOTO)
    return state


async def test_what_is_missing_is_said_before_anything_is_uploaded(stripe, alice):
    configure_step(credits=250)
    state = await photo_tab(alice)
    await state.start_run()
    dialog = await shortage_of(state)
    assert (dialog.is_open, dialog.takes_payments, dialog.covers) == (True, True, True)
    assert dialog.sentence == "This run costs 250 credits and you have 100, so 150 are missing."
    assert (dialog.package.name, dialog.package.price, dialog.shop_url) == ("Creator", "$24.99", paths.pricing(TOOL))
    assert (state.ticket, state.phase, state.notice) == (None, "choosing", "")


async def test_a_single_credit_is_missing_in_the_singular(stripe, alice):
    configure_step(credits=1)
    spend(alice, 100)
    state = await photo_tab(alice)
    await state.start_run()
    assert (await shortage_of(state)).sentence == "This run costs 1 credit and you have 0, so 1 is missing."


async def test_buying_from_the_dialog_leads_back_to_the_page(stripe, alice):
    configure_step(credits=250)
    state = await photo_tab(alice)
    await state.start_run()
    dialog = await shortage_of(state)
    [leave] = await press(ShortageState.buy, dialog)
    assert place_of(leave) == stripe.things("checkout.session")[0]["url"]
    assert count(Payment, Payment.user_id == alice.id, Payment.return_path == TOOL) == 1
    # Whoever comes back finds the page without it.
    assert (dialog.is_open, dialog.leaving_for) == (False, "")


async def test_the_largest_package_is_offered_where_none_is_enough(stripe, alice):
    configure_step(credits=5000)
    state = await photo_tab(alice)
    await state.start_run()
    dialog = await shortage_of(state)
    assert (dialog.package.name, dialog.covers) == ("Studio", False)


async def test_the_way_back_from_a_figure_is_the_figure(stripe, alice):
    figure = completed_figure(alice)
    complete(figure.id)
    spend(alice, 60)
    state = await tool_tab(alice, f"/tools/figme?task={figure.id}", FigmeState)
    assert (state.dearest_title, state.dearest_price) == ("Make it 3D", 30)
    await play(state.make_model)
    dialog = await shortage_of(state)
    assert dialog.sentence == "This run costs 30 credits and you have 20, so 10 are missing."
    await press(ShortageState.buy, dialog)
    assert count(Payment, Payment.return_path == paths.tool("figme", figure.id)) == 1


async def test_credits_that_went_during_the_upload_are_missed_in_the_dialog_too(stripe, alice):
    state = await photo_tab(alice)
    await state.start_run()
    deliver_photo(state.ticket["id"])
    spend(alice, 97)
    await play(state.finish_upload, state.ticket["id"])
    assert (state.phase, state.has_photo, state.ticket, state.notice) == ("choosing", True, None, "")
    assert (await shortage_of(state)).sentence == "This run costs 5 credits and you have 3, so 2 are missing."
    assert balance_of(alice).reserved == 0


async def test_trying_again_asks_for_credits_too(stripe, alice):
    task = submit(alice)
    change_task(task.id, status="failed", finished_at=utcnow(), error_code="PROVIDER_ERROR")
    spend(alice, balance_of(alice).available)
    state = await tool_tab(alice, f"{TOOL}?task={task.id}")
    await state.retry_run()
    dialog = await shortage_of(state)
    assert (dialog.is_open, dialog.shop_url) == (True, paths.pricing(paths.tool("background-remove", task.id)))
    assert (state.phase, state.is_starting) == ("failed", False)


async def test_where_payments_are_not_set_up_the_dialog_says_so(alice, redis):
    configure_step(credits=250)
    state = await photo_tab(alice)
    await state.start_run()
    dialog = await shortage_of(state)
    assert (dialog.is_open, dialog.takes_payments) == (True, False)


async def test_a_tool_without_buttons_of_its_own_for_steps_names_the_run(alice, redis):
    state = await tool_tab(alice)
    assert (state.dearest_title, state.dearest_price, state.shop_url) == ("", 5, paths.pricing(TOOL))


async def test_nobody_buys_from_a_dialog_that_offers_nothing(stripe, alice):
    assert await press(ShortageState.buy, tab(ShortageState, alice, TOOL)) == []
    with pytest.raises(SignInRequired):
        await press(ShortageState.buy, tab(ShortageState, None, TOOL))
    assert count(Payment) == 0


@pytest.mark.parametrize("change", ["credits", "page"])
async def test_the_dialog_stays_through_a_lost_connection_until_it_is_of_no_use(stripe, alice, change):
    configure_step(credits=250)
    state = await photo_tab(alice)
    await state.start_run()
    await play(state.load)
    dialog, session = await shortage_of(state), await state.get_state(SessionState)
    assert dialog.is_open
    if change == "credits":
        session.available = 250
    else:
        dialog._path = "/tools/figme"
    await play(state.load)
    assert not dialog.is_open
