"""The heartbeat: a lease lives as long as its worker, and no longer."""

import time

import pytest

from funmagic.core.db import transaction
from funmagic.models.base import db_time, utcnow
from funmagic.tasks import lifecycle
from tests.factories import balance_of, change_task, load_task, submit, wait_until
from tests.worker.engine import DONE, events_of, output_files
from worker.runs.heartbeat import PROGRESS_INTERVAL_S, Heartbeat, hand_back
from worker.runs.run import run_task

pytestmark = pytest.mark.both_databases


@pytest.fixture
def claim(alice, provider, monkeypatch):
    """A run that this worker just claimed; hearts beat fast."""
    monkeypatch.setattr("worker.runs.heartbeat.BEAT_S", 0.01)
    task = submit(alice)
    with transaction() as session:
        return lifecycle.claim_task(session, task.id)


def test_a_beat_extends_the_lease(claim):
    change_task(claim.task_id, leased_until=db_time(1))
    almost_over = load_task(claim.task_id).leased_until
    with Heartbeat(claim):
        wait_until(lambda: load_task(claim.task_id).leased_until > almost_over)
    assert load_task(claim.task_id).leased_until > utcnow()


def test_a_beat_notes_the_progress(claim):
    with Heartbeat(claim) as heartbeat:
        heartbeat.report("remove", 0.5)
        wait_until(lambda: load_task(claim.task_id).progress == 0.5)


def test_a_beat_keeps_the_progress_made_before_the_run_was_parked(claim):
    change_task(claim.task_id, progress=0.6, leased_until=db_time(1))
    almost_over = load_task(claim.task_id).leased_until
    with Heartbeat(claim):
        wait_until(lambda: load_task(claim.task_id).leased_until > almost_over)
    assert load_task(claim.task_id).progress == 0.6


@pytest.mark.parametrize("change", [{"lease_token": "another"}, {"lease_token": None}, {"status": "failed"}])
def test_the_heart_stops_when_the_lease_is_lost(claim, change):
    change_task(claim.task_id, leased_until=None, **change)
    with Heartbeat(claim) as heartbeat:
        wait_until(lambda: not heartbeat._thread.is_alive())
    assert load_task(claim.task_id).leased_until is None


def test_the_heart_stops_with_the_work_even_when_it_broke(claim):
    heartbeat = Heartbeat(claim)
    with pytest.raises(ZeroDivisionError), heartbeat:
        raise ZeroDivisionError
    assert not heartbeat._thread.is_alive()


def test_watchers_hear_of_progress_at_most_ten_times_a_second(claim):
    began = time.monotonic()
    with Heartbeat(claim) as heartbeat:
        for done in range(1000):
            heartbeat.report("remove", done / 1000)
    told = [event["progress"] for event in events_of(claim.task_id)]
    assert 1 <= len(told) <= (time.monotonic() - began) / PROGRESS_INTERVAL_S + 1
    assert told == sorted(told)


def test_a_run_handed_back_is_the_next_workers_and_the_first_one_changes_nothing_more(alice, provider):
    provider.answers(lambda _report: (hand_back(), DONE)[1], DONE)
    task = submit(alice)
    run_task(task.id)
    assert (load_task(task.id).status, load_task(task.id).leased_until) == ("processing", None)
    assert output_files(task.id, alice) == []
    run_task(task.id)
    assert (load_task(task.id).status, load_task(task.id).attempts) == ("completed", 1)
    assert balance_of(alice).balance == 95
