"""Starting a run: what is refused leaves no trace, and what is asked twice is done once."""

from itertools import count as counting

import pytest
import sqlalchemy as sa

from funmagic.catalogue.errors import ToolUnavailable
from funmagic.core.db import transaction
from funmagic.core.errors import IdempotencyConflict, InvalidInput, NotFound
from funmagic.core.queues import QueueName, queue
from funmagic.models.base import new_id
from funmagic.models.credits import CreditTransaction
from funmagic.models.tasks import Task
from funmagic.models.tools import Tool
from funmagic.models.users import Role
from funmagic.tasks.errors import PriceChanged
from funmagic.tasks.submit import Submission, submit_task
from tests.factories import (
    balance_of,
    configure_step,
    load_task,
    make_user,
    run_together,
    submit,
    upload_photo,
)
from tests.funmagic.tasks.runs import assert_nothing_started, cancel, count

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("redis")]


def submit_input(viewer, values, **options):
    return submit_task(viewer, Submission("background-remove", new_id(), input=values, **options))[0]


def change_tool(**columns):
    with transaction() as session:
        session.execute(sa.update(Tool).values(**columns))


def test_a_price_other_than_the_one_told_is_refused(alice):
    values = {"assetId": upload_photo(alice)}
    with pytest.raises(PriceChanged):
        submit_task(alice, Submission("background-remove", "told-4", input=values, expected_credits=4))
    assert_nothing_started(alice)
    task, _ = submit_task(alice, Submission("background-remove", "told-5", input=values, expected_credits=5))
    assert task.credits_cost == 5


def test_a_new_run_holds_its_price_and_is_queued(alice):
    task = submit(alice)
    assert (task.status, task.credits_cost, balance_of(alice).reserved) == ("pending", 5, 5)
    assert load_task(task.id).status == "queued"
    assert queue(QueueName.AI_TASKS).get_job_ids() == [f"{task.id}-1"]


def test_a_run_can_name_its_step(alice):
    asset_id = upload_photo(alice)
    assert submit_input(alice, {"assetId": asset_id}, step_id="remove").step_id == "remove"


@pytest.mark.parametrize("price", [0, 3, 100])
def test_the_price_comes_from_the_tools_configuration(alice, price):
    configure_step(credits=price)
    assert submit(alice).credits_cost == balance_of(alice).reserved == price


def test_a_price_that_changes_later_does_not_change_a_run(alice):
    task = submit(alice)
    configure_step(credits=50)
    cancel(alice, task.id)
    assert balance_of(alice).available == 100


def test_asking_twice_with_one_key_starts_one_run(alice):
    asset_id = upload_photo(alice)
    submission = Submission("background-remove", "key", input={"assetId": asset_id})
    first, is_new = submit_task(alice, submission)
    again, is_new_again = submit_task(alice, submission)
    assert (first.id, is_new, is_new_again) == (again.id, True, False)
    assert balance_of(alice).reserved == 5


@pytest.mark.parametrize(
    "other", [{"input": {"assetId": "another"}}, {"step_id": "remove"}, {"parent_task_id": "another"}]
)
def test_one_key_with_another_request_is_a_conflict(alice, other):
    asset_id = upload_photo(alice)
    submit(alice, asset_id=asset_id, key="key")
    options = {"input": {"assetId": asset_id}} | other
    with pytest.raises(IdempotencyConflict):
        submit_task(alice, Submission("background-remove", "key", **options))
    assert balance_of(alice).reserved == 5


def test_two_people_may_use_the_same_key(alice, bob):
    assert submit(alice, key="key").id != submit(bob, key="key").id


def test_twelve_threads_with_one_key_start_one_run(alice):
    asset_id = upload_photo(alice)
    tasks = run_together(12, lambda: submit(alice, asset_id=asset_id, key="key"))
    assert len({task.id for task in tasks}) == 1
    assert count(Task) == 1
    assert count(CreditTransaction, CreditTransaction.type == "reservation") == 1
    assert balance_of(alice).reserved == 5


def test_threads_with_one_key_and_different_requests_start_one_run(alice):
    photos = [upload_photo(alice) for _ in range(6)]
    turn = counting()
    outcomes = run_together(6, lambda: submit(alice, asset_id=photos[next(turn)], key="key"))
    assert sum(isinstance(outcome, IdempotencyConflict) for outcome in outcomes) == 5
    assert (count(Task), balance_of(alice).reserved) == (1, 5)


@pytest.mark.parametrize("step_id", ["paint", "", "Remove"])
def test_a_step_that_does_not_exist_is_refused_and_never_free(alice, step_id):
    asset_id = upload_photo(alice)
    with pytest.raises(InvalidInput):
        submit_input(alice, {"assetId": asset_id}, step_id=step_id)
    assert_nothing_started(alice)


def test_a_tool_that_does_not_exist_is_not_found(alice):
    with pytest.raises(NotFound):
        submit_task(alice, Submission("time-machine", "key"))


def test_an_inactive_tool_is_for_admins_only(alice):
    change_tool(is_active=False)
    with pytest.raises(ToolUnavailable):
        submit(alice)
    assert_nothing_started(alice)
    assert submit(make_user("admin", Role.ADMIN)).status == "pending"


def test_a_tool_whose_code_is_gone_is_unavailable(alice):
    change_tool(kind="gone")
    with pytest.raises(ToolUnavailable):
        submit(alice)


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({}, ["assetId"]),
        ({"assetId": None}, ["assetId"]),
        ({"assetId": 7}, ["assetId"]),
        ({"assetId": ["a", "b"]}, ["assetId"]),
        ({"assetId": "a", "prompt": "free"}, ["prompt"]),
        ({"prompt": {}}, ["assetId", "prompt"]),
    ],
)
def test_missing_unknown_and_ill_typed_values_are_named(alice, values, wrong):
    with pytest.raises(InvalidInput) as refused:
        submit_input(alice, values)
    assert refused.value.details == {"fields": wrong}
    assert_nothing_started(alice)


def test_a_run_of_somebody_else_cannot_be_the_parent(alice, bob):
    parent, asset_id = submit(bob), upload_photo(alice)
    with pytest.raises(NotFound):
        submit_input(alice, {"assetId": asset_id}, parent_task_id=parent.id)
    assert_nothing_started(alice)
