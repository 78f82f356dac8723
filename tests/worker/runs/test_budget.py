"""A step's time: one number, kept by everybody who works on the step."""

import threading
import time

import pytest
from sqlmodel import select

from funmagic.core.db import reading, transaction
from funmagic.models.base import db_time
from funmagic.models.providers import Provider
from funmagic.models.tasks import FailureCode, TaskStep
from tests.factories import balance_of, books_are_right, configure_step, load_task, submit
from worker.limits.limiter import slots_in_use
from worker.providers.base import ProviderUnavailable, Waiting
from worker.runs import budget
from worker.runs.budget import OutOfTime, within_budget
from worker.runs.run import run_task


@pytest.fixture
def limited(provider):
    """Background Remove is done by the scripted provider, which has 10 seconds and one slot."""
    configure_step(provider="scripted", timeoutSeconds=10)
    return provider


def change_step(task_id, **columns):
    with transaction() as session:
        step = session.exec(select(TaskStep).where(TaskStep.task_id == task_id)).one()
        for name, value in columns.items():
            setattr(step, name, value)


def step_of(task_id):
    with reading() as session:
        return session.exec(select(TaskStep).where(TaskStep.task_id == task_id)).one()


def let_time_pass(task_id, seconds):
    change_step(task_id, job_started_at=db_time(-seconds))


def test_a_job_that_overruns_its_time_is_cancelled_and_nothing_is_charged(alice, limited):
    limited.answers(Waiting("job-1", 0), Waiting("job-1", 0))
    task = submit(alice)
    run_task(task.id)
    let_time_pass(task.id, 11)
    run_task(task.id)
    assert (load_task(task.id).status, load_task(task.id).error_code) == ("failed", FailureCode.TIMEOUT)
    assert limited.calls == ["start", "check job-1", "cancel job-1"]
    assert balance_of(alice).available == 100
    assert books_are_right()


def test_a_job_that_is_done_when_its_time_is_over_counts_all_the_same(alice, limited):
    limited.answers(Waiting("job-1", 0))
    task = submit(alice)
    run_task(task.id)
    let_time_pass(task.id, 11)
    run_task(task.id)
    assert load_task(task.id).status == "completed"


def test_the_time_runs_from_the_jobs_start_and_not_from_the_wait_for_it(alice, limited):
    limited.answers(Waiting("job-1", 0))
    task = submit(alice)
    change_step(task.id, started_at=db_time(-3600))
    run_task(task.id)
    assert load_task(task.id).status == "processing"


def test_looking_again_does_not_begin_the_time_anew(alice, limited):
    limited.answers(Waiting("job-1", 0), Waiting("job-1", 0))
    task = submit(alice)
    run_task(task.id)
    began = step_of(task.id).job_started_at
    run_task(task.id)
    assert step_of(task.id).job_started_at == began


def test_a_look_is_never_later_than_the_end_of_the_time(alice, limited):
    limited.answers(Waiting("job-1", 0), Waiting("job-1", 3000))
    task = submit(alice)
    run_task(task.id)
    run_task(task.id)
    waits = load_task(task.id).next_check_at - step_of(task.id).job_started_at
    assert waits.total_seconds() <= 10.1


def test_each_call_is_told_how_much_time_is_left(alice, limited):
    limited.answers(Waiting("job-1", 0))
    task = submit(alice)
    run_task(task.id)
    let_time_pass(task.id, 4)
    run_task(task.id)
    first, second = limited.works
    assert first.time_left_s == 10
    assert second.time_left_s <= 6


def test_trouble_to_the_end_of_the_time_ends_the_run_as_a_timeout(alice, limited):
    limited.answers(Waiting("job-1", 0), Waiting("job-1", 0, trouble=ProviderUnavailable("away")))
    task = submit(alice)
    run_task(task.id)
    let_time_pass(task.id, 11)
    run_task(task.id)
    assert load_task(task.id).error_code == FailureCode.TIMEOUT


def test_a_call_that_hangs_is_interrupted_when_the_time_is_over(alice, limited, monkeypatch):
    monkeypatch.setattr(budget, "GRACE_S", -9.9)
    limited.answers(lambda _: time.sleep(60))
    task = submit(alice)
    run_task(task.id)
    assert load_task(task.id).error_code == FailureCode.TIMEOUT
    assert balance_of(alice).available == 100


def test_a_look_that_hangs_ends_the_look_and_not_the_run(alice, limited, monkeypatch):
    limited.answers(Waiting("job-1", 0), lambda _: time.sleep(60))
    task = submit(alice)
    run_task(task.id)
    monkeypatch.setattr(budget, "GRACE_S", -239.9)
    run_task(task.id)
    assert (load_task(task.id).status, balance_of(alice).reserved) == ("processing", 5)


def test_whatever_limit_there_was_before_goes_on_afterwards(monkeypatch):
    monkeypatch.setattr(budget, "GRACE_S", 0)
    with within_budget(60):
        with pytest.raises(OutOfTime), within_budget(0.05):
            time.sleep(5)
        with pytest.raises(OutOfTime), within_budget(0.05):
            time.sleep(5)


def test_a_thread_is_left_alone():
    outcomes = []

    def work():
        with within_budget(0.001):
            outcomes.append("done")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert outcomes == ["done"]


@pytest.mark.parametrize(("has_stopped", "slots"), [(True, 0), (False, 1)])
def test_the_slot_of_an_overrun_job_is_free_once_it_is_known_to_run_no_more(alice, limited, has_stopped, slots):
    with transaction() as session:
        row = session.exec(select(Provider).where(Provider.name == "scripted")).one()
        row.config = {"rateLimit": {"maxConcurrency": 1}}
    limited.answers(Waiting("job-1", 0), Waiting("job-1", 0), has_stopped)
    task = submit(alice)
    run_task(task.id)
    let_time_pass(task.id, 11)
    run_task(task.id)
    assert load_task(task.id).error_code == FailureCode.TIMEOUT
    assert slots_in_use("web", "scripted") == slots
