"""What runs at a provider for a cancelled run is stopped, and its slot freed; one that is away breaks nothing."""

import pytest
from sqlmodel import select

from funmagic.core.db import reading, transaction
from funmagic.models.providers import Provider
from funmagic.models.tasks import TaskStep
from funmagic.profile.deletion import delete_account, erase_deleted_accounts
from funmagic.providers.service import set_provider
from tests.factories import books_are_right, change_task, load_task, submit
from tests.worker.engine import cancel, take_jobs, waiting_jobs
from worker.limits.limiter import slots_in_use
from worker.providers.base import Waiting
from worker.runs.cancel import cancel_remote_jobs
from worker.runs.run import run_task

pytestmark = pytest.mark.both_databases


@pytest.fixture
def limited(provider):
    """The provider runs two jobs at once."""
    with transaction() as session:
        set_provider(session, "scripted", config={"rateLimit": {"maxConcurrency": 2}})
    return provider


def run_remotely(viewer, provider):
    """A run whose job is at its provider, and of which nothing is on the queue."""
    provider.answers(Waiting("job-1", 5, job={"address": "there"}))
    task = submit(viewer)
    run_task(task.id)
    take_jobs()
    return task.id


def slots():
    return slots_in_use("web", "scripted")


def step_of(task_id):
    with reading() as session:
        return session.exec(select(TaskStep).where(TaskStep.task_id == task_id)).one()


def test_a_cancelled_run_has_its_job_stopped_before_anything_else(alice, limited):
    task_id = run_remotely(alice, limited)
    other = submit(alice)
    cancel(alice, task_id)
    assert waiting_jobs() == [f"{task_id}-cancel", f"{other.id}-1"]
    limited.answers(True)
    cancel_remote_jobs(task_id)
    assert limited.calls[-1] == "cancel job-1"
    assert limited.works[-1].job == {"address": "there"}
    assert slots() == 0


def test_a_job_that_may_still_run_keeps_its_slot(alice, limited):
    task_id = run_remotely(alice, limited)
    cancel(alice, task_id)
    limited.answers(False)
    cancel_remote_jobs(task_id)
    assert (limited.calls[-1], slots()) == ("cancel job-1", 1)


def test_stopping_twice_frees_one_slot(alice, limited):
    task_id = run_remotely(alice, limited)
    cancel(alice, task_id)
    run_remotely(alice, limited)
    limited.answers(True, True)
    for _ in range(2):
        cancel_remote_jobs(task_id)
    assert slots() == 1


def test_a_run_without_a_remote_job_has_nothing_to_stop(alice, provider):
    task = submit(alice)
    take_jobs()
    cancel(alice, task.id)
    assert waiting_jobs() == []


@pytest.mark.parametrize("end", ["goes on", "completed", "failed"])
def test_only_a_cancelled_runs_job_is_stopped(alice, provider, end):
    task_id = run_remotely(alice, provider)
    if end == "completed":
        run_task(task_id)
    if end == "failed":
        change_task(task_id, status="failed", error_code="PROVIDER_ERROR")
    cancel_remote_jobs(task_id)
    assert "cancel job-1" not in provider.calls


def test_a_provider_that_was_switched_off_is_asked_to_stop_all_the_same(alice, limited):
    task_id = run_remotely(alice, limited)
    with transaction() as session:
        set_provider(session, "scripted", is_active=False)
    cancel(alice, task_id)
    limited.answers(True)
    cancel_remote_jobs(task_id)
    assert slots() == 0


def test_a_provider_that_is_gone_breaks_nothing(alice, limited):
    task_id = run_remotely(alice, limited)
    cancel(alice, task_id)
    with transaction() as session:
        session.delete(session.exec(select(Provider).where(Provider.name == "scripted")).one())
    cancel_remote_jobs(task_id)
    assert (load_task(task_id).error_code, slots()) == ("CANCELLED", 1)


def test_without_redis_a_run_is_cancelled_all_the_same(alice, provider, stoppable_redis):
    task_id = run_remotely(alice, provider)
    stoppable_redis.stop()
    cancel(alice, task_id)
    assert load_task(task_id).error_code == "CANCELLED"
    assert books_are_right()


def test_deleting_an_account_stops_its_jobs_and_then_forgets_them(alice, limited):
    task_id = run_remotely(alice, limited)
    delete_account(alice, alice.email)
    assert waiting_jobs() == [f"{task_id}-cancel"]
    limited.answers(True)
    cancel_remote_jobs(task_id)
    assert (limited.calls[-1], slots()) == ("cancel job-1", 0)
    change_task(task_id, finished_at=load_task(task_id).created_at.replace(year=2026, month=1))
    erase_deleted_accounts()
    step = step_of(task_id)
    assert (step.provider_job_id, step.response, step.request) == (None, {}, {})
