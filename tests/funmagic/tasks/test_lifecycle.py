"""The engine's statements: one caller wins, and the lease token is the fence."""

import pytest
from sqlmodel import select

from funmagic.core.db import reading, transaction
from funmagic.core.queues import TaskJob
from funmagic.models.base import db_time, utcnow
from funmagic.models.tasks import FailureCode, TaskStep
from funmagic.tasks import lifecycle
from funmagic.tasks.lifecycle import LeaseLost
from tests.factories import balance_of, change_task, load_task, run_together, submit

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("redis")]


def claim(task_id):
    with transaction() as session:
        return lifecycle.claim_task(session, task_id)


STEP = TaskStep(task_id="any", step_id="remove", position=0, provider="local")
CHANGES = {
    "save_remote_job": lambda session, claim: lifecycle.save_remote_job(session, claim, "remove", "job"),
    "park_task": lambda session, claim: lifecycle.park_task(session, claim, seconds=1),
    "finish_step": lambda session, claim: lifecycle.finish_step(session, claim, STEP, [], usage={}),
    "fail_task": lambda session, claim: lifecycle.fail_task(session, claim, FailureCode.PROVIDER),
}


@pytest.mark.parametrize("status", ["pending", "queued"])
def test_a_waiting_task_is_claimed_with_a_fresh_lease(alice, status):
    task_id = submit(alice).id
    change_task(task_id, status=status)
    got = claim(task_id)
    task = load_task(task_id)
    assert (task.status, task.lease_token, task.attempts, got.attempt) == ("processing", got.token, 1, 1)
    assert task.leased_until > utcnow()
    assert (task.next_check_at, task.started_at is None) == (None, False)


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_an_ended_task_is_not_claimed(alice, status):
    task_id = submit(alice).id
    change_task(task_id, status=status)
    assert claim(task_id) is None


def test_a_leased_task_is_not_claimed_and_an_orphan_is(alice):
    task_id = submit(alice).id
    first = claim(task_id)
    assert claim(task_id) is None
    change_task(task_id, leased_until=db_time(-1))
    second = claim(task_id)
    assert second.token != first.token
    assert second.attempt == 2


def test_of_many_threads_one_claims(alice):
    task_id = submit(alice).id
    claims = run_together(12, lambda: claim(task_id))
    assert sum(got is not None for got in claims) == 1


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_who_lost_the_lease_changes_nothing(alice, change):
    task_id = submit(alice).id
    old = claim(task_id)
    change_task(task_id, leased_until=db_time(-1))
    claim(task_id)
    before = load_task(task_id)
    with pytest.raises(LeaseLost), transaction() as session:
        change(session, old)
    assert load_task(task_id) == before
    assert balance_of(alice).reserved == 5


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_nobody_changes_a_cancelled_task(alice, change):
    task_id = submit(alice).id
    late = claim(task_id)
    with transaction() as session:
        assert lifecycle.cancel_task(session, task_id)
    before = load_task(task_id)
    with pytest.raises(LeaseLost), transaction() as session:
        change(session, late)
    assert load_task(task_id) == before
    assert (balance_of(alice).balance, balance_of(alice).reserved) == (100, 0)


def test_a_lease_that_ran_out_can_still_be_extended_while_nobody_took_it(alice):
    got = claim(submit(alice).id)
    change_task(got.task_id, leased_until=db_time(-1))
    with transaction() as session:
        assert lifecycle.extend_lease(session, got, 0.3)
    assert load_task(got.task_id).leased_until > utcnow()


def test_revoking_spares_a_worker_that_came_back(alice):
    got = claim(submit(alice).id)
    with transaction() as session:
        lifecycle.revoke_lease(session, got.task_id)
    assert load_task(got.task_id).lease_token == got.token


def test_a_late_note_of_the_enqueue_takes_nothing_from_the_worker(alice):
    got = claim(submit(alice).id)
    with transaction() as session:
        lifecycle.mark_queued(session, [TaskJob(got.task_id, 2)])
    task = load_task(got.task_id)
    assert (task.status, task.lease_token, task.next_check_at) == ("processing", got.token, None)


@pytest.mark.parametrize("end", ["completed", "failed"])
def test_a_late_note_of_the_enqueue_does_not_wake_an_ended_task(alice, end):
    task_id = submit(alice).id
    change_task(task_id, status=end, next_check_at=None)
    with transaction() as session:
        lifecycle.mark_queued(session, [TaskJob(task_id, 2)])
    assert (load_task(task_id).status, load_task(task_id).next_check_at) == (end, None)


def test_a_failure_closes_the_open_step_with_the_detail_for_operators(alice):
    got = claim(submit(alice).id)
    with transaction() as session:
        lifecycle.take_step(session, got)
    with transaction() as session:
        lifecycle.fail_task(session, got, FailureCode.PROVIDER, detail="x" * 5000)
    with reading() as session:
        step = session.exec(select(TaskStep).where(TaskStep.task_id == got.task_id)).one()
    assert (step.status, len(step.error)) == ("failed", 1000)
