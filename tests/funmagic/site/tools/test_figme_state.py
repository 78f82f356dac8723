"""FigMe's handlers, called as any socket may call them: in any order, with any arguments."""

import pytest
import reflex as rx
from reflex.istate.data import RouterData

from funmagic.core.errors import SignInRequired
from funmagic.models.assets import AssetKind
from funmagic.models.base import new_id, utcnow
from funmagic.site.shop.shortage_state import ShortageState
from funmagic.site.tools.figme.state import FigmeState
from funmagic.tasks.submit import Submission, submit_task
from tests.factories import balance_of, change_task, load_task, photo_bytes, session_token, upload_photo
from tests.funmagic.tasks.runs import complete

PHOTO = {"name": "photo.jpg", "type": "image/jpeg", "size": len(photo_bytes())}

pytestmark = pytest.mark.usefixtures("redis")


def tab(viewer=None, task_id: str = "") -> FigmeState:
    root = rx.State()
    cookie = f"fm_session={session_token(viewer)}" if viewer else ""
    query = f"?task={task_id}" if task_id else ""
    root.router = RouterData.from_router_data({"headers": {"cookie": cookie}, "asPath": f"/tools/figme{query}"})
    return root.get_substate(FigmeState.get_full_name().split("."))


async def play(handler, *arguments):
    return [event async for event in handler(*arguments)]


async def shown(viewer, task_id: str = "") -> FigmeState:
    state = tab(viewer, task_id)
    await play(state.load)
    return state


def start_figure(viewer):
    values = {"assetId": upload_photo(viewer), "styleReferenceId": "oil"}
    return submit_task(viewer, Submission("figme", new_id(), step_id="image-gen", input=values))[0]


def start_model(viewer, figure_id: str):
    submission = Submission("figme", new_id(), step_id="3d-gen", parent_task_id=figure_id)
    return submit_task(viewer, submission)[0]


async def test_the_stage_goes_from_the_style_to_the_photo_and_back(db):
    state = await shown(None)
    assert (state.stage, state.price, state.model_price) == ("select-style", 20, 30)
    await state.choose_style("oil")
    await state.choose_style("neon")
    assert (state.stage, state.style.title) == ("select-style", "Neon night")
    await state.confirm_style()
    assert state.stage == "upload-image"
    await state.change_style()
    assert (state.stage, state.style_id) == ("select-style", "neon")


@pytest.mark.parametrize("style_id", ["", "nothing", "\x00"])
async def test_a_style_that_is_not_there_is_not_chosen(db, style_id):
    state = await shown(None)
    await state.choose_style(style_id)
    assert (state.stage, state.style_id) == ("select-style", "")


async def test_a_style_that_the_browser_remembers_and_the_tool_no_longer_has_is_asked_for_again(db):
    state = tab()
    state.style_id = "retired"
    await play(state.load)
    assert state.stage == "select-style"


async def test_without_a_style_nothing_is_uploaded(alice):
    state = await shown(alice)
    await state.choose_photo(PHOTO)
    await state.start_run()
    assert state.ticket is None


async def test_photo_and_style_are_submitted_together(alice):
    state = await shown(alice)
    await state.choose_style("oil")
    await state.confirm_style()
    await state.choose_photo(PHOTO)
    await state.start_run()
    asset_id = upload_photo(alice)
    state.ticket = {"id": asset_id}
    [_shown, redirect] = await play(state.finish_upload, asset_id)
    task = load_task(str(redirect.args).partition("task=")[2][:36])
    assert (task.step_id, task.input) == ("image-gen", {"assetId": asset_id, "styleReferenceId": "oil"})
    assert balance_of(alice).reserved == 20


async def test_a_style_the_browser_made_up_starts_nothing(alice):
    state = await shown(alice)
    state.style_id = "made up"
    await state.choose_photo(PHOTO)
    await state.start_run()
    asset_id = upload_photo(alice)
    state.ticket = {"id": asset_id}
    await play(state.finish_upload, asset_id)
    assert (state.notice, state.phase) == ("Invalid input. Please check your settings.", "choosing")
    assert balance_of(alice).reserved == 0


async def test_the_figure_leads_to_its_model_and_the_model_back(alice):
    figure = start_figure(alice)
    complete(figure.id)
    state = await shown(alice, figure.id)
    assert (state.stage, state.child_url) == ("image-result", "")
    [_shown, redirect] = await play(state.make_model)
    model_id = str(redirect.args).partition("task=")[2][:36]
    assert (load_task(model_id).parent_task_id, balance_of(alice).reserved) == (figure.id, 30)
    state = await shown(alice, figure.id)
    assert (state.child_url, state.is_child_active) == (f"/tools/figme?task={model_id}", True)
    state = await shown(alice, model_id)
    assert (state.stage, state.parent_url) == ("generating-3d", f"/tools/figme?task={figure.id}")
    assert state.source_url
    complete(model_id, kind=AssetKind.MODEL, faces=1234, vertices=650, quality="built-in preview quality")
    state = await shown(alice, model_id)
    assert state.stage == "3d-result"
    assert state.result.facts == "1,234 faces · 650 vertices · GLB · 2.9 MB"
    assert state.result.quality == "Built-in preview quality"
    assert not (await shown(alice, figure.id)).is_child_active


async def test_a_model_that_failed_is_no_way_on(alice):
    figure = start_figure(alice)
    complete(figure.id)
    change_task(start_model(alice, figure.id).id, status="failed", error_code="PROVIDER_ERROR", error_message="No.")
    assert (await shown(alice, figure.id)).child_url == ""


async def test_a_model_whose_figure_is_gone_is_shown_all_the_same(alice):
    figure = start_figure(alice)
    complete(figure.id)
    model = start_model(alice, figure.id)
    complete(model.id, kind=AssetKind.MODEL)
    change_task(figure.id, deleted_at=utcnow())
    state = await shown(alice, model.id)
    assert (state.stage, state.parent_url) == ("3d-result", "")


async def test_too_few_credits_for_the_model_are_said_and_nothing_starts(alice):
    figure = start_figure(alice)
    complete(figure.id)
    state = await shown(alice, figure.id)
    state.model_price = 5000
    assert await play(state.make_model) == []
    dialog = await state.get_state(ShortageState)
    assert dialog.sentence == "This run costs 5000 credits and you have 80, so 4920 are missing."


@pytest.mark.parametrize("is_done", [False, True])
async def test_only_a_figure_that_is_there_becomes_a_model(alice, is_done):
    figure = start_figure(alice)
    if is_done:
        complete(figure.id)
        figure = start_model(alice, figure.id)
        complete(figure.id, kind=AssetKind.MODEL)
    held = balance_of(alice).reserved
    state = await shown(alice, figure.id)
    assert await play(state.make_model) == []
    assert balance_of(alice).reserved == held


async def test_who_is_signed_out_meanwhile_makes_no_model(db):
    with pytest.raises(SignInRequired):
        await play(tab().make_model)


async def test_starting_over_forgets_the_style(alice):
    state = await shown(alice)
    await state.choose_style("oil")
    await state.confirm_style()
    await state.start_over()
    await play(state.load)
    assert state.stage == "select-style"
