"""Redis goes away and comes back: no run is lost, and nobody sees an error."""

import pytest
from sqlmodel import select

from funmagic.core.db import transaction
from funmagic.models.base import db_time
from funmagic.models.providers import Provider
from tests.factories import balance_of, change_task, load_task, submit
from tests.worker.engine import DONE, ScriptedProvider, cancel, events_of, install, make_due, take_jobs, waiting_jobs
from worker.clock import Clock
from worker.limits.limiter import slots_in_use
from worker.providers.base import Waiting
from worker.runs.run import run_task


@pytest.fixture
def provider(alice, stoppable_redis, monkeypatch):
    """The provider that Background Remove uses in this test, on a Redis that can be stopped."""
    return install(ScriptedProvider(), monkeypatch)


def publish_again(task_id):
    """The clock waits two seconds before it tells an end that somebody may just be telling."""
    change_task(task_id, finished_at=db_time(-3))


def test_a_run_started_while_redis_is_away_waits_and_is_enqueued_after_its_return(alice, provider, stoppable_redis):
    stoppable_redis.stop()
    task = submit(alice)
    assert (load_task(task.id).status, balance_of(alice).reserved) == ("pending", 5)
    make_due(task.id)
    clock = Clock()
    for _ in range(3):
        clock.tick()
    assert load_task(task.id).status == "pending"
    stoppable_redis.start()
    clock.tick()
    assert waiting_jobs() == [f"{task.id}-1"]
    assert load_task(task.id).status == "queued"


def test_a_run_ends_well_while_redis_is_away_and_is_told_after_its_return(alice, provider, stoppable_redis):
    task = submit(alice)
    provider.answers(lambda report: report(0.5) or DONE)
    stoppable_redis.stop()
    run_task(task.id)
    assert (load_task(task.id).status, load_task(task.id).announced_at) == ("completed", None)
    assert balance_of(alice).balance == 95
    publish_again(task.id)
    clock = Clock()
    clock.tick()
    stoppable_redis.start()
    clock.tick()
    assert [event["type"] for event in events_of(task.id)][-1] == "completed"
    assert load_task(task.id).announced_at is not None


def test_a_run_can_be_cancelled_while_redis_is_away(alice, provider, stoppable_redis):
    task = submit(alice)
    stoppable_redis.stop()
    cancel(alice, task.id)
    assert (balance_of(alice).balance, balance_of(alice).reserved) == (100, 0)
    assert load_task(task.id).error_code == "CANCELLED"


def test_a_parked_run_that_came_due_while_redis_was_away_goes_on_after_its_return(alice, provider, stoppable_redis):
    provider.answers(Waiting("job-1", 0))
    task = submit(alice)
    take_jobs()
    run_task(task.id)
    stoppable_redis.stop()
    make_due(task.id)
    clock = Clock()
    clock.tick()
    stoppable_redis.start()
    clock.tick()
    assert waiting_jobs() == [f"{task.id}-2"]
    run_task(task.id)
    assert provider.calls == ["start", "check job-1"]
    assert load_task(task.id).status == "completed"


def test_the_slot_of_a_job_that_ended_while_redis_was_away_is_free_after_its_return(alice, provider, stoppable_redis):
    with transaction() as session:
        row = session.exec(select(Provider).where(Provider.name == "scripted")).one()
        row.config = {"rateLimit": {"maxConcurrency": 1}}
    provider.answers(Waiting("job-1", 0))
    task = submit(alice)
    run_task(task.id)
    assert slots_in_use("web", "scripted") == 1
    stoppable_redis.stop()
    run_task(task.id)
    publish_again(task.id)
    stoppable_redis.start()
    Clock().tick()
    assert load_task(task.id).announced_at is not None
    assert slots_in_use("web", "scripted") == 0
