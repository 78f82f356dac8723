"""The runner's handlers, called as any socket may call them: in any order, with any arguments."""

import json
from datetime import timedelta

import pytest
from reflex.istate.data import RouterData
from sqlalchemy.exc import OperationalError

from funmagic.core.db import transaction
from funmagic.core.errors import InvalidInput, SignInRequired
from funmagic.core.live.watch import StreamEvent
from funmagic.models.assets import Asset
from funmagic.models.base import utcnow
from funmagic.models.tasks import FailureCode
from funmagic.site.frame.state import SessionState, SignInDialogState
from funmagic.site.runner.progress import Progress
from funmagic.site.tools.background_remove.state import BackgroundRemoveState
from funmagic.tasks.errors import TaskFinished
from funmagic.tasks.failures import SENTENCES
from funmagic.tasks.lifecycle import claim_task, fail_task
from tests.factories import balance_of, change_task, load_task, submit
from tests.funmagic.site.runner.tabs import PHOTO, play, ready_tab, tab
from tests.funmagic.tasks.runs import cancel, complete

pytestmark = pytest.mark.usefixtures("redis")


async def test_a_visitor_is_asked_to_sign_in_and_nothing_is_uploaded(db):
    state = await ready_tab(None)
    await state.start_run()
    assert (await state.get_state(SignInDialogState)).is_open
    assert (state.ticket, state.phase) == (None, "choosing")


async def test_pressing_twice_makes_one_ticket(alice):
    state = await ready_tab(alice)
    await state.start_run()
    ticket = state.ticket
    await state.start_run()
    assert state.ticket == ticket


@pytest.mark.parametrize(
    "info", [{}, {"name": "a", "type": "image/png", "size": "many"}, PHOTO | {"size": float("inf")}]
)
async def test_a_photo_described_in_nonsense_is_refused(alice, info):
    with pytest.raises(InvalidInput):
        await tab(alice).choose_photo(info)


async def test_a_type_that_we_do_not_take_is_said_in_words(alice):
    state = await ready_tab(alice)
    await state.choose_photo(PHOTO | {"type": "text/html"})
    await state.start_run()
    assert (state.notice, state.phase) == (
        "This file is not a photo that we can use. Please choose a PNG, JPEG, WebP, GIF or HEIC.",
        "choosing",
    )


async def test_who_is_signed_out_meanwhile_starts_nothing(db):
    with pytest.raises(SignInRequired):
        await play(tab().finish_upload, "x")


@pytest.mark.parametrize("handler", ["retry_run", "cancel_run", "save_result"])
async def test_who_is_signed_out_meanwhile_changes_nothing(db, handler):
    with pytest.raises(SignInRequired):
        await getattr(tab(), handler)()


async def test_an_upload_that_nobody_asked_for_starts_no_run(alice):
    state = await ready_tab(alice)
    await state.start_run()
    assert await play(state.finish_upload, "another") == []
    assert balance_of(alice).reserved == 0


@pytest.mark.parametrize("call", [("cancel_upload", "x"), ("fail_upload", "x", "network"), ("remove_photo",)])
async def test_a_late_word_about_an_upload_does_not_disturb_the_run_that_follows(alice, call):
    task = submit(alice)
    state = tab(alice, f"?task={task.id}")
    await play(state.load)
    handler, *arguments = call
    await getattr(state, handler)(*arguments)
    assert state.phase == "queued"


async def test_a_submit_that_breaks_leaves_the_stage_usable(alice, monkeypatch):
    def broken(*_):
        raise OperationalError("", {}, Exception("the database is away"))

    state = await ready_tab(alice)
    await state.start_run()
    monkeypatch.setattr("funmagic.site.runner.state.submit_task", broken)
    with pytest.raises(OperationalError):
        await play(state.finish_upload, state.ticket["id"])
    assert state.phase == "choosing"


async def test_the_address_decides_which_run_is_shown(alice, bob):
    of_bob, of_alice = submit(bob), submit(alice)
    newer = submit(alice)
    for query, shown in ((f"?task={of_alice.id}", of_alice.id), ("", newer.id), (f"?task={of_bob.id}", "")):
        state = tab(alice, query)
        await play(state.load)
        assert state._task_id == shown


async def test_a_new_photo_can_be_chosen_while_another_run_goes_on(alice):
    submit(alice)
    state = tab(alice)
    await play(state.load)
    await state.new_photo()
    await play(state.load)
    assert state.phase == "choosing"
    await play(state.load)
    assert state.phase == "queued"


async def test_a_cancelled_run_has_ended_and_cancelling_it_again_says_so(alice):
    task = submit(alice)
    state = tab(alice, f"?task={task.id}")
    await play(state.load)
    await state.cancel_run()
    # Nor does a late word of its progress set it going again.
    assert not state._is_followed(task.id, "")
    assert (state.phase, load_task(task.id).status) == ("failed", "failed")
    with pytest.raises(TaskFinished):
        await state.cancel_run()
    assert balance_of(alice).available == 100


async def test_a_button_pressed_at_a_process_that_knows_nothing_yet_works(alice):
    task = submit(alice)
    state = tab(alice, f"?task={task.id}")
    await state.cancel_run()
    assert (state.phase, load_task(task.id).status) == ("failed", "failed")


async def test_a_run_whose_address_got_lost_on_the_way_is_shown(alice):
    earlier, task = submit(alice), submit(alice, key="the-key")
    change_task(task.id, status="completed", finished_at=utcnow())
    for query in ("", f"?task={earlier.id}"):
        state = tab(alice, query)
        state.submission_key = "the-key"
        [redirect] = await play(state.load)
        assert f"?task={task.id}" in str(redirect.args)
    state = tab(alice, f"?task={task.id}")
    state.submission_key = "the-key"
    await play(state.load)
    assert (state._task_id, state.submission_key) == (task.id, "")


async def test_a_run_that_was_asked_for_is_not_started_again_when_its_address_got_lost(alice):
    state = await ready_tab(alice)
    await state.start_run()
    task = submit(alice, key="the-key")
    state.submission_key = "the-key"
    held = balance_of(alice).reserved
    [redirect] = await play(state.finish_upload, state.ticket["id"])
    assert f"?task={task.id}" in str(redirect.args)
    assert balance_of(alice).reserved == held


async def failed_tab(viewer, code):
    task = submit(viewer)
    with transaction() as session:
        claim = claim_task(session, task.id)
        fail_task(session, claim, code)
    state = tab(viewer, f"?task={task.id}")
    await play(state.load)
    return state


@pytest.mark.parametrize("code", FailureCode)
async def test_a_run_that_failed_says_so_with_what_it_cost_once(alice, code):
    state = await failed_tab(alice, code)
    assert state.failure.text.startswith(SENTENCES[code])
    end = "Credits refunded." if code == FailureCode.TIMEOUT else "Nothing was charged."
    assert state.failure.text.endswith(end)
    assert sum(state.failure.text.count(words) for words in ("Credits refunded.", "Nothing was charged.")) == 1
    assert state.failure.is_cancelled is (code == FailureCode.CANCELLED)


@pytest.mark.parametrize("code", [FailureCode.NO_SUBJECT, FailureCode.DAMAGED_FILE, FailureCode.INVALID_INPUT])
async def test_a_photo_that_would_fail_again_is_not_tried_again(alice, code):
    state = await failed_tab(alice, code)
    assert state.failure.needs_another_photo
    assert await state.retry_run() is None
    assert balance_of(alice).reserved == 0


async def test_pressing_try_again_twice_starts_one_run(alice):
    state = await failed_tab(alice, FailureCode.PROVIDER)
    first, second = await state.retry_run(), await state.retry_run()
    assert str(first.args) == str(second.args)
    assert balance_of(alice).reserved == 5


async def test_no_price_is_named_before_it_is_known(alice):
    state = tab(alice)
    assert not state.is_priced
    await play(state.load)
    assert (state.is_priced, state.price) == (True, 5)


async def test_somebody_elses_key_leads_nowhere(alice, bob):
    submit(bob, key="the-key")
    state = tab(alice)
    state.submission_key = "the-key"
    await play(state.load)
    assert (state.phase, state._task_id) == ("choosing", "")


async def test_a_lost_connection_takes_no_photo_off_the_stage(alice):
    state = await ready_tab(alice)
    submit(alice)
    await play(state.load)
    assert (state.phase, state.has_photo) == ("choosing", True)
    await state.start_run()
    ticket = state.ticket
    await play(state.load)
    assert (state.phase, state.ticket) == ("uploading", ticket)


async def test_a_lost_connection_does_not_close_the_dialog_that_asks_to_sign_in(db):
    state = await ready_tab(None)
    await state.start_run()
    session, dialog = await state.get_state(SessionState), await state.get_state(SignInDialogState)
    await session.load()
    assert dialog.is_open
    state.router = RouterData.from_router_data({"headers": {"cookie": ""}, "asPath": "/tools"})
    await session.load()
    assert not dialog.is_open


async def test_a_run_in_line_knows_its_place(alice, bob):
    submit(bob)
    submit(bob)
    task = submit(alice)
    state = tab(alice, f"?task={task.id}")
    await play(state.load)
    assert state.wait_line == "2 runs before yours"


async def test_the_usual_wait_is_said_before_the_click(alice, bob):
    now = utcnow()
    change_task(submit(bob).id, status="completed", created_at=now - timedelta(seconds=22), finished_at=now)
    for viewer in (alice, None):
        state = tab(viewer)
        await play(state.load)
        assert state.wait_line == "Usually about 20 seconds"


async def test_steps_are_told_one_by_one(alice):
    task = submit(alice)
    state = tab(alice, f"?task={task.id}")
    await play(state.load)
    assert (state.progress.step_shares, state.progress.step_number) == ([0], 1)
    state.progress = Progress(step_ids=["first", "second"])
    for type_, facts, expected in (
        ("step_started", {"stepId": "first"}, ("first", 1, [0, 0])),
        ("progress", {"stepId": "first", "progress": 0.5}, ("first", 1, [0.5, 0])),
        ("step_started", {"stepId": "second"}, ("second", 2, [1, 0])),
        ("progress", {"stepId": "second", "progress": 0.25}, ("second", 2, [1, 0.25])),
        ("progress", {"stepId": "unheard of", "progress": 0.25}, ("second", 2, [1, 0.25])),
    ):
        state._apply(event(type_, **facts))
        shown = state.progress
        assert (shown.current_step, shown.step_number, shown.step_shares) == expected


async def test_the_picture_so_far_goes_when_the_next_step_begins(alice):
    state = tab(alice)
    state._apply(event("partial_result", stepId="first", data={"image": "data:image/webp;base64,AA"}))
    assert state.partial_image == "data:image/webp;base64,AA"
    state._apply(event("step_started", stepId="second"))
    assert state.partial_image == ""


async def test_a_result_is_saved_once_the_viewer_says_so(alice, bob):
    task = submit(alice)
    asset_id = complete(task.id)
    state = tab(alice, f"?task={task.id}")
    await play(state.load)
    assert (state.result.id, state.result.is_saved) == (asset_id, False)
    await state.save_result()
    await state.save_result()
    assert state.result.is_saved
    await play(state.load)
    assert state.result.is_saved


async def test_a_result_that_was_deleted_is_not_shown(alice):
    task = submit(alice)
    asset_id = complete(task.id)
    with transaction() as session:
        session.get_one(Asset, asset_id).deleted_at = utcnow()
    state = tab(alice, f"?task={task.id}")
    await play(state.load)
    assert (state.phase, state.result.id, state.runs) == ("completed", "", [])


async def test_other_runs_of_the_tool_are_at_hand(alice, bob):
    submit(bob)
    done, cancelled, waiting = submit(alice), submit(alice), submit(alice)
    complete(done.id)
    cancel(alice, cancelled.id)
    state = tab(alice, f"?task={done.id}")
    events = await play(state.load)
    assert [(run.id, run.is_active, run.is_shown) for run in state.runs] == [
        (waiting.id, True, False),
        (done.id, False, True),
    ]
    assert BackgroundRemoveState.keep_current in events
    complete(waiting.id)
    await BackgroundRemoveState.keep_current.fn(state)
    assert [run.is_active for run in state.runs] == [False, False]


async def test_a_visitor_has_no_runs(alice):
    submit(alice)
    state = tab()
    assert await play(state.load) == []
    assert state.runs == []


def event(type_: str, **facts) -> StreamEvent:
    return StreamEvent("1-0", type_, json.dumps({"type": type_, **facts}))
