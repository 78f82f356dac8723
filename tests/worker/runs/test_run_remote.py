"""Runs that wait: for a remote provider's work, or for its rate limit."""

import pytest
from sqlmodel import select

from funmagic.core.db import reading, transaction
from funmagic.models.base import utcnow
from funmagic.models.tasks import FailureCode, TaskStep
from funmagic.providers.config import RateLimit
from funmagic.tasks import lifecycle
from tests.factories import balance_of, books_are_right, load_task, submit
from tests.worker.engine import DONE, Killed, cancel, expire_lease, make_due, run_and_die, take_jobs, waiting_jobs
from worker.clock import recover_orphans, wake_due_tasks
from worker.providers.base import ProviderRateLimited, ProviderUnavailable, Waiting
from worker.runs.run import run_task

MAX_RETRIES = RateLimit().max_retries
CLOCK_GRAIN_S = 0.002  # the database's clock counts milliseconds


def step_of(task_id):
    with reading() as session:
        return session.exec(select(TaskStep).where(TaskStep.task_id == task_id)).one()


def run_and_measure_delay(task_id):
    """Deliver a task; returns the shortest and longest delay its next look can have been set to."""
    began = utcnow()
    run_task(task_id)
    ended, due = utcnow(), load_task(task_id).next_check_at
    return (due - ended).total_seconds() - CLOCK_GRAIN_S, (due - began).total_seconds() + CLOCK_GRAIN_S


def assert_parked_and_held(viewer, task_id):
    task = load_task(task_id)
    assert (task.status, task.lease_token, task.leased_until) == ("processing", None, None)
    assert balance_of(viewer).reserved == 5


def test_remote_work_gives_the_worker_back_and_is_looked_at_when_due(alice, provider):
    provider.answers(Waiting("job-1", 7, progress=0.4))
    task = submit(alice)
    shortest, longest = run_and_measure_delay(task.id)
    assert shortest <= 7 <= longest
    assert step_of(task.id).provider_job_id == "job-1"
    assert load_task(task.id).progress == 0.4
    assert_parked_and_held(alice, task.id)


def test_remote_work_is_started_once_and_then_only_looked_at(alice, provider):
    provider.answers(Waiting("job-1", 0), Waiting("job-1", 0, progress=0.9))
    task = submit(alice)
    for _ in range(3):
        run_task(task.id)
    assert provider.calls == ["start", "check job-1", "check job-1"]
    assert (load_task(task.id).status, load_task(task.id).attempts) == ("completed", 1)
    assert balance_of(alice).balance == 95


def test_looking_at_remote_work_is_no_new_attempt_however_often(alice, provider):
    task = submit(alice)
    provider.answers(*[Waiting("job-1", 0)] * (2 * lifecycle.MAX_ATTEMPTS))
    for _ in range(2 * lifecycle.MAX_ATTEMPTS):
        run_task(task.id)
    assert load_task(task.id).attempts == 1


def test_a_worker_that_dies_while_looking_leaves_the_remote_job_to_the_next(alice, provider):
    provider.answers(Waiting("job-1", 0), Killed())
    task = submit(alice)
    run_task(task.id)
    run_and_die(task.id)
    run_task(task.id)
    assert provider.calls == ["start", "check job-1", "check job-1"]
    assert balance_of(alice).balance == 95


def test_a_remote_job_saved_by_a_worker_that_died_before_parking_is_not_bought_twice(alice, provider):
    task = submit(alice)
    with transaction() as session:
        claim = lifecycle.claim_task(session, task.id)
        lifecycle.take_step(session, claim)
        lifecycle.save_remote_job(session, claim, "remove", "job-1")
    expire_lease(task.id)
    recover_orphans()
    run_task(task.id)
    assert provider.calls == ["check job-1"]
    assert (load_task(task.id).status, load_task(task.id).attempts) == ("completed", 2)


def test_a_parked_run_is_woken_when_due(alice, provider):
    provider.answers(Waiting("job-1", 60))
    task = submit(alice)
    take_jobs()
    run_task(task.id)
    wake_due_tasks()
    assert waiting_jobs() == []
    make_due(task.id)
    wake_due_tasks()
    assert waiting_jobs() == [f"{task.id}-2"]


def test_a_parked_run_can_be_cancelled(alice, provider):
    provider.answers(Waiting("job-1", 60))
    task = submit(alice)
    run_task(task.id)
    cancel(alice, task.id)
    run_task(task.id)
    assert provider.calls == ["start"]
    assert (balance_of(alice).balance, balance_of(alice).reserved) == (100, 0)


def test_a_remote_job_that_fails_gives_the_credits_back(alice, provider):
    provider.answers(Waiting("job-1", 0), ProviderUnavailable("gone"))
    task = submit(alice)
    run_task(task.id)
    run_task(task.id)
    assert load_task(task.id).error_code == FailureCode.PROVIDER
    assert (balance_of(alice).balance, balance_of(alice).reserved) == (100, 0)


@pytest.mark.parametrize(("retry_after", "delay"), [(None, 1), (0.2, 1), (0, 1), (-5, 1), (45, 45), (90, 90)])
def test_a_rate_limit_waits_for_retry_after_or_the_backoff_whichever_is_longer(alice, provider, retry_after, delay):
    provider.answers(ProviderRateLimited(retry_after))
    task = submit(alice)
    shortest, longest = run_and_measure_delay(task.id)
    assert shortest <= delay <= longest
    assert_parked_and_held(alice, task.id)


def test_the_backoff_doubles(alice, provider):
    provider.answers(*[ProviderRateLimited()] * MAX_RETRIES)
    task = submit(alice)
    for delay in (1, 2, 4):
        shortest, longest = run_and_measure_delay(task.id)
        assert shortest <= delay <= longest


@pytest.mark.parametrize("seconds", [1e15, float("inf"), float("nan")])
@pytest.mark.parametrize("answer", [ProviderRateLimited, lambda seconds: Waiting("job-1", seconds)])
def test_a_provider_that_asks_for_an_absurd_delay_cannot_lose_a_run(alice, provider, seconds, answer):
    provider.answers(answer(seconds))
    task = submit(alice)
    run_task(task.id)
    assert load_task(task.id).status == "failed" or load_task(task.id).next_check_at is not None


def test_a_run_goes_on_after_a_rate_limit(alice, provider):
    provider.answers(ProviderRateLimited(), ProviderRateLimited(), DONE)
    task = submit(alice)
    for _ in range(3):
        run_task(task.id)
    assert (load_task(task.id).status, load_task(task.id).attempts) == ("completed", 1)
    assert balance_of(alice).balance == 95


def test_a_rate_limit_that_does_not_end_fails_the_run_and_gives_the_credits_back(alice, provider):
    provider.answers(*[ProviderRateLimited()] * (MAX_RETRIES + 1))
    task = submit(alice)
    for _ in range(MAX_RETRIES):
        run_task(task.id)
        assert_parked_and_held(alice, task.id)
    run_task(task.id)
    assert load_task(task.id).error_code == FailureCode.RATE_LIMITED
    assert (balance_of(alice).balance, balance_of(alice).reserved) == (100, 0)
    assert provider.calls == ["start"] * (MAX_RETRIES + 1)
    assert books_are_right()


def test_a_rate_limit_while_looking_does_not_start_the_job_again(alice, provider):
    provider.answers(Waiting("job-1", 0), ProviderRateLimited(), DONE)
    task = submit(alice)
    for _ in range(3):
        run_task(task.id)
    assert provider.calls == ["start", "check job-1", "check job-1"]


def test_a_job_that_begins_after_its_run_was_cancelled_is_stopped(alice, provider):
    def cancelled_meanwhile(_report):
        cancel(alice, task.id)
        return Waiting("job-1", 0, job={"address": "there"})

    provider.answers(cancelled_meanwhile, True)
    task = submit(alice)
    run_task(task.id)
    assert provider.calls == ["start", "cancel job-1"]
    assert provider.works[-1].job == {"address": "there"}
    assert (load_task(task.id).error_code, balance_of(alice).available) == (FailureCode.CANCELLED, 100)


def test_a_look_at_a_cancelled_run_leaves_its_job_to_whoever_cancelled(alice, provider):
    def cancelled_meanwhile(_report):
        cancel(alice, task.id)
        return Waiting("job-1", 0)

    provider.answers(Waiting("job-1", 0), cancelled_meanwhile)
    task = submit(alice)
    run_task(task.id)
    run_task(task.id)
    assert provider.calls == ["start", "check job-1"]
