"""How many runs a person may have, and may pay for."""

import pytest

from funmagic.core.queues import QueueName, queue
from funmagic.core.settings import get_settings
from funmagic.credits.errors import InsufficientCredits
from funmagic.models.tasks import Task
from funmagic.tasks.errors import TooManyTasks
from tests.factories import balance_of, books_are_right, change_task, configure_step, run_together, submit, upload_photo
from tests.funmagic.tasks.runs import assert_nothing_started, cancel, count

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("redis")]


@pytest.fixture
def limit(monkeypatch):
    """Three running tasks per person."""
    monkeypatch.setattr(get_settings(), "max_running_tasks", 3)
    return 3


def test_one_run_more_than_the_limit_is_refused_and_leaves_no_trace(alice, limit):
    for _ in range(limit):
        submit(alice)
    with pytest.raises(TooManyTasks) as refused:
        submit(alice)
    assert refused.value.details == {"limit": limit}
    assert (count(Task), balance_of(alice).reserved) == (limit, 5 * limit)
    assert books_are_right()


def test_the_limit_is_each_persons_own(alice, bob, limit):
    for _ in range(limit):
        submit(alice)
    assert submit(bob)


@pytest.mark.parametrize("status", ["pending", "queued", "processing"])
def test_every_run_that_has_not_ended_counts(alice, limit, status):
    for _ in range(limit):
        change_task(submit(alice).id, status=status)
    with pytest.raises(TooManyTasks):
        submit(alice)


def test_an_ended_run_makes_room(alice, limit):
    tasks = [submit(alice) for _ in range(limit)]
    cancel(alice, tasks[0].id)
    assert submit(alice)


def test_asking_again_for_a_running_task_is_not_one_more(alice, limit):
    asset_id = upload_photo(alice)
    task = submit(alice, asset_id=asset_id, key="key")
    for _ in range(limit - 1):
        submit(alice)
    assert submit(alice, asset_id=asset_id, key="key").id == task.id


def test_threads_cannot_slip_past_the_limit(alice, limit):
    photo = upload_photo(alice)
    outcomes = run_together(12, lambda: submit(alice, asset_id=photo))
    assert sum(isinstance(outcome, TooManyTasks) for outcome in outcomes) == 12 - limit
    assert (count(Task), balance_of(alice).reserved) == (limit, 5 * limit)
    assert len(queue(QueueName.AI_TASKS).get_job_ids()) == limit


def test_a_run_that_cannot_be_paid_is_refused_and_leaves_no_trace(alice):
    configure_step(credits=101)
    with pytest.raises(InsufficientCredits):
        submit(alice)
    assert_nothing_started(alice)
    assert queue(QueueName.AI_TASKS).get_job_ids() == []


def test_what_running_tasks_hold_cannot_be_spent_again(alice):
    configure_step(credits=60)
    submit(alice)
    with pytest.raises(InsufficientCredits):
        submit(alice)
    assert (count(Task), balance_of(alice).reserved) == (1, 60)


def test_threads_cannot_overspend(alice):
    configure_step(credits=30)
    photo = upload_photo(alice)
    outcomes = run_together(12, lambda: submit(alice, asset_id=photo))
    assert sum(isinstance(outcome, InsufficientCredits) for outcome in outcomes) == 9
    assert (count(Task), balance_of(alice).reserved) == (3, 90)
    assert books_are_right()
