"""The runner's handlers, called as any socket may call them: in any order, with any arguments."""

import pytest
import reflex as rx
from reflex.istate.data import RouterData
from sqlalchemy.exc import OperationalError

from funmagic.accounts.state import SessionState, SignInDialogState
from funmagic.errors import InvalidInput, SignInRequired, TaskFinished
from funmagic.tools.background_remove.state import BackgroundRemoveState
from tests.factories import balance_of, change_task, load_task, photo_bytes, session_token, submit

PHOTO = {"name": "photo.jpg", "type": "image/jpeg", "size": len(photo_bytes())}

pytestmark = pytest.mark.usefixtures("redis")


def tab(viewer=None, query="") -> BackgroundRemoveState:
    root = rx.State()
    cookie = f"fm_session={session_token(viewer)}" if viewer else ""
    data = {
        "headers": {"cookie": cookie, "origin": "http://localhost:3999"},
        "asPath": f"/tools/background-remove{query}",
    }
    root.router = RouterData.from_router_data(data)
    return root.get_substate(BackgroundRemoveState.get_full_name().split("."))


async def play(handler, *arguments):
    """What a handler that yields answers, in order."""
    return [event async for event in handler(*arguments)]


async def ready_tab(viewer) -> BackgroundRemoveState:
    state = tab(viewer)
    await play(state.load)
    await state.choose_photo(PHOTO)
    return state


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
    assert (state.notice, state.phase) == ("This file is not a PNG, JPEG, WebP or GIF image.", "choosing")


@pytest.mark.parametrize("handler", ["finish_upload", "run_again"])
async def test_who_is_signed_out_meanwhile_starts_nothing(db, handler):
    state = tab()
    with pytest.raises(SignInRequired):
        await play(getattr(state, handler), *(["x"] if handler == "finish_upload" else []))


@pytest.mark.parametrize("handler", ["retry_run", "cancel_run"])
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
    monkeypatch.setattr("funmagic.tasks.state.submit_task", broken)
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


async def test_cancelling_twice_says_that_it_has_ended(alice):
    task = submit(alice)
    state = tab(alice, f"?task={task.id}")
    await play(state.load)
    await state.cancel_run()
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
    change_task(task.id, status="completed")
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
    old, task = submit(alice), submit(alice, key="the-key")
    change_task(old.id, status="completed")
    state = tab(alice, f"?task={old.id}")
    await play(state.load)
    state.submission_key = "the-key"
    held = balance_of(alice).reserved
    [redirect] = await play(state.run_again)
    assert f"?task={task.id}" in str(redirect.args)
    assert balance_of(alice).reserved == held


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
