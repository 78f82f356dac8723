"""The clock: what waits is woken, what is orphaned runs again, what was not told is told."""

import pytest

from funmagic.core.db import reading, transaction
from funmagic.core.queues import TaskJob, enqueue_tasks
from funmagic.core.redis import get_redis
from funmagic.models.base import db_time, utcnow
from funmagic.tasks import lifecycle
from tests.factories import balance_of, books_are_right, change_task, load_task, submit
from tests.worker.engine import Killed, events_of, expire_lease, make_due, run_and_die, take_jobs, waiting_jobs
from worker.clock import Clock, announce_forgotten_ends, recover_orphans, wake_due_tasks
from worker.runs.run import run_task

pytestmark = pytest.mark.both_databases


def forget_dispatch(task_id):
    """The site died between the commit and the enqueue."""
    take_jobs()
    change_task(task_id, status="pending", enqueues=0, enqueued_at=None, queued_at=None, next_check_at=db_time(-1))


def test_a_task_that_was_never_enqueued_is_enqueued(alice, redis):
    task = submit(alice)
    forget_dispatch(task.id)
    wake_due_tasks()
    assert waiting_jobs() == [f"{task.id}-1"]
    assert (load_task(task.id).status, load_task(task.id).enqueues) == ("queued", 1)


def test_a_task_just_made_is_left_to_its_submitter(alice, redis):
    task = submit(alice)
    take_jobs()
    change_task(task.id, status="pending", enqueues=0, next_check_at=db_time(1000))
    wake_due_tasks()
    assert waiting_jobs() == []


def test_a_job_that_vanished_is_enqueued_again_under_the_next_number(alice, redis):
    task = submit(alice)
    get_redis().flushall()
    make_due(task.id)
    wake_due_tasks()
    assert waiting_jobs() == [f"{task.id}-2"]
    assert load_task(task.id).next_check_at > utcnow()


def test_a_job_that_still_waits_is_not_enqueued_twice(alice, redis):
    task = submit(alice)
    make_due(task.id)
    wake_due_tasks()
    assert waiting_jobs() == [f"{task.id}-1"]
    assert load_task(task.id).next_check_at > utcnow()


def test_a_job_whose_enqueue_was_not_noted_is_not_enqueued_twice(alice, redis):
    task = submit(alice)
    forget_dispatch(task.id)
    enqueue_tasks(TaskJob(task.id, 1))
    wake_due_tasks()
    assert waiting_jobs() == [f"{task.id}-1"]


def test_a_job_number_is_never_used_twice_even_when_a_worker_is_faster_than_the_note(alice, redis):
    task = submit(alice)
    forget_dispatch(task.id)
    with transaction() as session:
        claim = lifecycle.claim_task(session, task.id)
        lifecycle.mark_queued(session, [TaskJob(task.id, 1)])
        lifecycle.park_task(session, claim, seconds=0)
    make_due(task.id)
    wake_due_tasks()
    assert waiting_jobs() == [f"{task.id}-2"]


def test_a_run_in_a_workers_hands_is_left_alone(alice, provider):
    task = submit(alice)
    take_jobs()
    with transaction() as session:
        lifecycle.claim_task(session, task.id)
    before = load_task(task.id)
    Clock().tick()
    assert waiting_jobs() == []
    assert load_task(task.id) == before


def test_the_run_of_a_dead_worker_runs_again(alice, provider):
    provider.answers(Killed())
    task = submit(alice)
    take_jobs()
    run_and_die(task.id)
    recover_orphans()
    wake_due_tasks()
    assert waiting_jobs() == [f"{task.id}-2"]
    run_task(task.id)
    assert (load_task(task.id).status, load_task(task.id).attempts) == ("completed", 2)
    assert balance_of(alice).balance == 95


def test_after_the_last_attempt_the_run_fails_and_the_credits_come_back(alice, provider):
    task = submit(alice)
    for attempt in range(1, lifecycle.MAX_ATTEMPTS + 1):
        provider.answers(Killed())
        run_and_die(task.id)
        assert load_task(task.id).attempts == attempt
        recover_orphans()
    assert load_task(task.id).error_code == "WORKER_LOST"
    assert (balance_of(alice).balance, balance_of(alice).reserved) == (100, 0)
    assert [event["type"] for event in events_of(task.id)][-1] == "failed"
    assert provider.calls == ["start"] * lifecycle.MAX_ATTEMPTS
    assert books_are_right()


def test_attempts_count_alike_when_a_job_finds_the_orphan_before_the_clock(alice, provider):
    provider.answers(*[Killed()] * lifecycle.MAX_ATTEMPTS)
    task = submit(alice)
    for _ in range(lifecycle.MAX_ATTEMPTS):
        run_and_die(task.id)
    recover_orphans()
    assert load_task(task.id).error_code == "WORKER_LOST"
    assert provider.calls == ["start"] * lifecycle.MAX_ATTEMPTS


@pytest.mark.parametrize("back", ["extended", "parked"])
def test_a_worker_that_comes_back_in_the_last_moment_is_not_given_up(alice, provider, back, monkeypatch):
    task = submit(alice)
    with transaction() as session:
        claim = lifecycle.claim_task(session, task.id)
    change_task(task.id, attempts=lifecycle.MAX_ATTEMPTS)
    expire_lease(task.id)
    with reading() as session:
        seen = lifecycle.find_orphaned_tasks(session)
    with transaction() as session:
        if back == "extended":
            lifecycle.extend_lease(session, claim, 0.5)
        else:
            lifecycle.park_task(session, claim, seconds=60)
    # The clock saw the expired lease a moment ago, and acts only now.
    monkeypatch.setattr(lifecycle, "find_orphaned_tasks", lambda _session: seen)
    recover_orphans()
    assert load_task(task.id).status == "processing"


def test_an_end_that_was_not_told_is_told_once(alice, provider):
    task = submit(alice)
    run_task(task.id)
    get_redis().flushall()
    change_task(task.id, announced_at=None, finished_at=db_time(-3))
    for _ in range(2):
        announce_forgotten_ends()
    assert [event["type"] for event in events_of(task.id)] == ["completed"]
    assert load_task(task.id).announced_at is not None


def test_an_end_of_this_moment_is_left_to_its_worker(alice, provider):
    task = submit(alice)
    run_task(task.id)
    get_redis().flushall()
    change_task(task.id, announced_at=None, finished_at=db_time(1000))
    announce_forgotten_ends()
    assert events_of(task.id) == []
