"""What people are told of the wait."""

from datetime import timedelta

import pytest

from funmagic.core.db import reading
from funmagic.models.base import utcnow
from funmagic.tasks.waits import Wait, expected_wait, place_in_line
from tests.factories import change_task, submit

pytestmark = pytest.mark.both_databases

SLUG = "background-remove"


def wait_before_the_click() -> Wait:
    with reading() as session:
        return expected_wait(session, SLUG)


def wait_in_line(task_id: str) -> Wait:
    with reading() as session:
        return place_in_line(session, task_id)


def complete(task_id: str, *, seconds: float) -> None:
    now = utcnow()
    change_task(task_id, status="completed", created_at=now - timedelta(seconds=seconds), finished_at=now)


@pytest.mark.usefixtures("redis")
def test_nothing_is_promised_while_no_run_has_ever_completed(alice):
    assert wait_before_the_click() == Wait(0, None)


@pytest.mark.usefixtures("redis")
def test_the_usual_time_is_the_median_of_recent_runs(alice):
    for seconds in (10, 20, 300):
        complete(submit(alice).id, seconds=seconds)
    assert wait_before_the_click() == Wait(0, 20)


@pytest.mark.usefixtures("redis")
def test_those_who_came_earlier_are_ahead_and_those_who_came_later_are_not(alice, bob):
    first, second, third = submit(alice), submit(bob), submit(alice)
    assert [wait_in_line(task.id).ahead for task in (first, second, third)] == [0, 1, 2]
    assert wait_before_the_click().ahead == 3


@pytest.mark.usefixtures("redis")
def test_a_run_that_has_begun_is_in_nobodys_way(alice, bob):
    first, second = submit(alice), submit(bob)
    change_task(first.id, status="processing")
    assert (wait_in_line(first.id).ahead, wait_in_line(second.id).ahead) == (0, 0)
