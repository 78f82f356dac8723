"""A user's own tasks: looking, listing, cancelling, trying again, deleting."""

import pytest

from funmagic.core.db import reading, transaction
from funmagic.core.errors import InvalidInput, NotFound
from funmagic.credits.service import list_transactions
from funmagic.models.base import db_time
from funmagic.models.tasks import FailureCode, TaskStatus
from funmagic.tasks import lifecycle, service
from funmagic.tasks.errors import TaskFinished, TaskNotFailed, TaskRunning
from funmagic.tasks.failures import SENTENCES
from tests.factories import (
    balance_of,
    books_are_right,
    change_task,
    completed_figure,
    load_task,
    run_together,
    submit,
    submit_figure_3d,
)
from tests.funmagic.tasks.runs import cancel

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("redis")]


def get(viewer, task_id):
    with reading() as session:
        return service.get_task(session, viewer, task_id)


def listed(viewer, **options):
    with reading() as session:
        return service.list_tasks(session, viewer, **options)


def delete(viewer, task_id):
    with transaction() as session:
        service.delete_task(session, viewer, task_id)


def failed_task(viewer):
    task = submit(viewer)
    cancel(viewer, task.id)
    return task


def bring_to(status, task_id):
    if status == "processing":
        with transaction() as session:
            lifecycle.claim_task(session, task_id)
    else:
        change_task(task_id, status=status)


def ledger_types(viewer):
    with reading() as session:
        return [line.type for line in list_transactions(session, viewer).transactions]


@pytest.mark.parametrize("act", [get, cancel, service.retry_task, delete])
def test_a_task_of_somebody_else_is_not_there(alice, bob, act):
    task = submit(alice)
    for task_id in (task.id, "no-such-task"):
        with pytest.raises(NotFound):
            act(bob, task_id)
    assert get(alice, task.id).status == "queued"


@pytest.mark.parametrize("act", [get, cancel, service.retry_task, delete])
def test_a_deleted_task_is_not_there(alice, act):
    task = failed_task(alice)
    delete(alice, task.id)
    with pytest.raises(NotFound):
        act(alice, task.id)


def test_a_task_is_seen_with_its_children(alice):
    parent = completed_figure(alice)
    child = submit_figure_3d(alice, parent.id)
    assert [seen.id for seen in get(alice, parent.id).children] == [child.id]
    assert get(alice, child.id).parent_task_id == parent.id


def test_nobody_sees_provider_or_options_in_a_task(alice):
    shown = get(alice, submit(alice).id).model_dump_json(by_alias=True)
    assert not any(word in shown for word in ("provider", "local", "options", "lease", "model"))


@pytest.mark.parametrize("status", ["pending", "queued", "processing"])
def test_cancelling_gives_the_credits_back_once(alice, status):
    task = submit(alice)
    bring_to(status, task.id)
    cancel(alice, task.id)
    with pytest.raises(TaskFinished):
        cancel(alice, task.id)
    ended = get(alice, task.id)
    assert (ended.status, ended.error.code) == ("failed", "CANCELLED")
    assert ended.error.message == SENTENCES[FailureCode.CANCELLED]
    assert (balance_of(alice).balance, balance_of(alice).reserved) == (100, 0)
    assert ledger_types(alice) == ["release", "reservation", "welcome"]


def test_threads_cancelling_at_once_cancel_once(alice):
    task = submit(alice)
    outcomes = run_together(8, lambda: cancel(alice, task.id))
    assert sum(isinstance(outcome, TaskFinished) for outcome in outcomes) == 7
    assert ledger_types(alice) == ["release", "reservation", "welcome"]
    assert books_are_right()


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_an_ended_task_cannot_be_cancelled(alice, status):
    task = submit(alice)
    change_task(task.id, status=status, finished_at=db_time())
    before = ledger_types(alice)
    with pytest.raises(TaskFinished):
        cancel(alice, task.id)
    assert ledger_types(alice) == before


def test_a_failed_task_can_be_tried_again_with_the_same_input_and_parent(alice):
    parent = completed_figure(alice)
    first = submit_figure_3d(alice, parent.id)
    cancel(alice, first.id)
    second = service.retry_task(alice, first.id)
    assert second.id != first.id
    assert (second.input, second.step_id, second.parent_task_id) == (first.input, "3d-gen", parent.id)
    assert balance_of(alice).reserved == 30


def test_trying_again_twice_leads_to_one_task(alice):
    task = failed_task(alice)
    tasks = [service.retry_task(alice, task.id), *run_together(4, lambda: service.retry_task(alice, task.id))]
    assert len({again.id for again in tasks}) == 1
    assert balance_of(alice).reserved == 5


def test_a_retry_that_failed_can_be_tried_again_too(alice):
    second = service.retry_task(alice, failed_task(alice).id)
    cancel(alice, second.id)
    assert service.retry_task(alice, second.id).id != second.id


def test_trying_again_never_leads_to_a_task_that_was_deleted(alice):
    task = failed_task(alice)
    second = service.retry_task(alice, task.id)
    cancel(alice, second.id)
    delete(alice, second.id)
    assert get(alice, service.retry_task(alice, task.id).id).is_active


@pytest.mark.parametrize("status", ["pending", "queued", "processing", "completed"])
def test_only_a_failed_task_can_be_tried_again(alice, status):
    task = submit(alice)
    change_task(task.id, status=status)
    with pytest.raises(TaskNotFailed):
        service.retry_task(alice, task.id)


@pytest.mark.parametrize("status", ["pending", "queued", "processing"])
def test_a_running_task_cannot_be_deleted(alice, status):
    task = submit(alice)
    bring_to(status, task.id)
    with pytest.raises(TaskRunning):
        delete(alice, task.id)
    assert load_task(task.id).deleted_at is None
    assert balance_of(alice).reserved == 5


def test_a_deleted_task_is_off_the_list_and_stays_in_the_books(alice):
    task = failed_task(alice)
    delete(alice, task.id)
    assert listed(alice).tasks == []
    assert books_are_right()


def test_tasks_are_listed_newest_first_in_pages_that_neither_lose_nor_repeat(alice, bob):
    tasks = [failed_task(alice).id for _ in range(5)]
    submit(bob)
    seen, cursor, sizes = [], None, []
    while not sizes or cursor:
        page = listed(alice, limit=2, cursor=cursor)
        seen, cursor, sizes = seen + [task.id for task in page.tasks], page.next_cursor, [*sizes, len(page.tasks)]
    assert (seen, sizes) == (tasks[::-1], [2, 2, 1])


def test_the_list_can_be_filtered_by_status_and_tool(alice):
    failed, running = failed_task(alice), submit(alice)
    assert [task.id for task in listed(alice, status=TaskStatus.FAILED).tasks] == [failed.id]
    assert [task.id for task in listed(alice, status=TaskStatus.QUEUED).tasks] == [running.id]
    assert len(listed(alice, tool_slug="background-remove").tasks) == 2
    assert listed(alice, tool_slug="time-machine").tasks == []


def test_a_cursor_that_we_did_not_make_is_refused(alice):
    with pytest.raises(InvalidInput):
        listed(alice, cursor="é")
