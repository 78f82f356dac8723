"""Two workers on one run, in threads and one inside the other: one result, one charge."""

import pytest
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import select

from funmagic.core.db import reading, transaction
from funmagic.models.assets import Asset
from funmagic.tasks import lifecycle
from tests.factories import balance_of, books_are_right, load_task, run_together, submit
from tests.worker.engine import DONE, cancel, events_of, expire_lease, output_files, run_and_die
from tests.worker.engine import Killed as WorkerKilled
from worker.clock import recover_orphans
from worker.providers.base import ProviderRateLimited, ProviderUnavailable, Waiting
from worker.runs.run import run_task

pytestmark = pytest.mark.both_databases

LATE_OUTCOMES = [DONE, Waiting("job-2", 0), ProviderRateLimited(), ProviderUnavailable("late"), RuntimeError("late")]
AWAY = [OperationalError("", {}, Exception()), InterfaceError("", {}, Exception()), PoolTimeout()]


def outputs_of(task_id):
    with reading() as session:
        return session.exec(select(Asset.id).where(Asset.task_id == task_id)).all()


def ends_told(task_id):
    return [event["type"] for event in events_of(task_id) if event["type"] in ("completed", "failed")]


def play(outcome):
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def assert_done_once(viewer, task_id):
    task = load_task(task_id)
    assert (task.status, task.error_code) == ("completed", None)
    assert task.output == {"assetIds": list(outputs_of(task_id))}
    assert len(output_files(task_id, viewer)) == 1
    assert ends_told(task_id) == ["completed"]
    assert (balance_of(viewer).balance, balance_of(viewer).reserved) == (95, 0)
    assert books_are_right()


def test_two_workers_with_one_run_work_on_it_once(alice, provider):
    task = submit(alice)
    assert run_together(8, lambda: run_task(task.id)) == [None] * 8
    assert provider.calls == ["start"]
    assert_done_once(alice, task.id)


@pytest.mark.parametrize("outcome", LATE_OUTCOMES, ids=lambda outcome: type(outcome).__name__)
def test_a_worker_that_lost_its_lease_changes_nothing(alice, provider, outcome):
    task = submit(alice)

    def outlive_the_lease(report):
        expire_lease(task.id)
        run_task(task.id)
        return play(outcome)

    provider.answers(outlive_the_lease)
    run_task(task.id)
    assert provider.calls[:2] == ["start", "start"]
    # A job that nobody knows of is stopped; what the next worker made is not touched.
    assert provider.calls[2:] == (["cancel job-2"] if isinstance(outcome, Waiting) else [])
    assert load_task(task.id).attempts == 2
    assert_done_once(alice, task.id)


def test_a_worker_whose_lease_was_revoked_changes_nothing(alice, provider):
    task = submit(alice)

    def be_given_up(report):
        expire_lease(task.id)
        recover_orphans()
        return DONE

    provider.answers(be_given_up)
    run_task(task.id)
    assert (load_task(task.id).status, outputs_of(task.id)) == ("processing", [])
    assert output_files(task.id, alice) == []
    assert balance_of(alice).reserved == 5
    run_task(task.id)
    assert_done_once(alice, task.id)


@pytest.mark.parametrize("outcome", LATE_OUTCOMES, ids=lambda outcome: type(outcome).__name__)
def test_a_run_cancelled_while_the_provider_works_is_not_charged(alice, provider, outcome):
    task = submit(alice)

    def be_cancelled(report):
        cancel(alice, task.id)
        return play(outcome)

    provider.answers(be_cancelled)
    run_task(task.id)
    assert (load_task(task.id).error_code, load_task(task.id).output) == ("CANCELLED", None)
    assert (balance_of(alice).balance, balance_of(alice).reserved) == (100, 0)
    assert (outputs_of(task.id), output_files(task.id, alice)) == ([], [])
    assert ends_told(task.id) == ["failed"]
    assert books_are_right()


def test_what_a_dead_worker_had_stored_is_removed_by_the_next(alice, provider, monkeypatch):
    task = submit(alice)

    def die(*_args, **_options):
        raise WorkerKilled

    with monkeypatch.context() as patch:
        patch.setattr(lifecycle, "finish_step", die)
        run_and_die(task.id)
    assert len(output_files(task.id, alice)) == 1
    run_task(task.id)
    assert_done_once(alice, task.id)


def test_a_worker_that_dies_after_the_commit_has_finished_the_run(alice, provider, monkeypatch):
    task = submit(alice)

    def die(*_args, **_options):
        raise WorkerKilled

    monkeypatch.setattr("worker.runs.run.announce_end", die)
    with pytest.raises(WorkerKilled):
        run_task(task.id)
    assert load_task(task.id).status == "completed"
    assert load_task(task.id).announced_at is None
    assert balance_of(alice).balance == 95


@pytest.mark.parametrize("away", AWAY, ids=lambda away: type(away).__name__)
def test_a_database_that_is_away_or_busy_delays_a_run_and_does_not_end_it(alice, provider, monkeypatch, away):
    task = submit(alice)

    def be_away(*_args, **_options):
        raise away

    with monkeypatch.context() as patch:
        patch.setattr("worker.runs.run.load_subject", be_away)
        with pytest.raises(type(away)):
            run_task(task.id)
    assert load_task(task.id).status == "processing"
    assert balance_of(alice).reserved == 5
    expire_lease(task.id)
    recover_orphans()
    run_task(task.id)
    assert_done_once(alice, task.id)


@pytest.mark.parametrize("loss", AWAY, ids=lambda away: type(away).__name__)
def test_a_result_whose_commit_was_lost_once_keeps_its_file(alice, provider, monkeypatch, loss):
    task = submit(alice)
    losses = iter([loss])
    finish = lifecycle.finish_step

    def finish_and_lose_once(*args, **options):
        following = finish(*args, **options)
        for lost in losses:
            raise lost
        return following

    monkeypatch.setattr(lifecycle, "finish_step", finish_and_lose_once)
    run_task(task.id)
    assert_done_once(alice, task.id)


def test_finishing_and_cancelling_at_once_end_a_run_one_way(alice, provider):
    task = submit(alice)
    with transaction() as session:
        claim = lifecycle.claim_task(session, task.id)
        step = lifecycle.take_step(session, claim)

    def end(turns=iter(range(8))):  # noqa: B008 - shared by the threads on purpose
        with transaction() as session:
            if next(turns) % 2:
                return lifecycle.cancel_task(session, task.id)
            lifecycle.finish_step(session, claim, step, [], usage={})
            return True

    outcomes = run_together(8, end)
    assert outcomes.count(True) == 1
    spent = 5 if load_task(task.id).status == "completed" else 0
    assert (balance_of(alice).balance, balance_of(alice).reserved) == (100 - spent, 0)
    assert books_are_right()
